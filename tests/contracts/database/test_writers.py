"""Two processes on one database: the rules hold whoever comes first."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlalchemy import make_url

from contracts.samples import NOW
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.secrets.operations import rotate
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users import operations as people
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.domain.users.passwords.passwords import Hasher, PasswordSettings
from gatepass.server.environment import maintenance
from gatepass.server.environment.environment import Environment
from gatepass.server.storage.master_key import MasterKey
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError

_ROUNDS = 8
_CHEAP = PasswordSettings(time_cost=1, memory_kib=8 * 1024)


@pytest.fixture
def processes(url: str, tmp_path: Path) -> Iterator[list[Environment]]:
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    given = EnvironmentSettings(database="" if is_sqlite else url)
    settings = Settings(data=tmp_path, production=given, password=_CHEAP)
    master, hasher = MasterKey(b"m" * 32), Hasher(_CHEAP)
    both = [Environment(Mode.LIVE, settings, master, hasher) for _ in range(2)]
    for each in both:
        each.open()
    yield both
    for each in both:
        each.close()


def test_of_two_who_take_one_address_one_gets_it(processes: list[Environment]) -> None:
    org_id = organization_lifecycle.create(
        processes[0].context, processes[0].hasher, OPERATOR, "Acme", "anna"
    ).organization.id

    for number in range(_ROUNDS):
        names = (f"user{number}", f"USER{number}")
        new = [_person(org_id, f"{name}@example.com") for name in names]
        statuses = _race(
            partial(people.add, processes[0].context, OPERATOR, new[0]),
            partial(people.add, processes[1].context, OPERATOR, new[1]),
        )
        assert statuses == [200, 409]


def test_of_two_who_change_to_one_address_one_gets_it(processes: list[Environment]) -> None:
    org_id = organization_lifecycle.create(
        processes[0].context, processes[0].hasher, OPERATOR, "Acme", "anna"
    ).organization.id
    both = [
        people.add(processes[0].context, OPERATOR, _person(org_id, f"{n}@a.example")) for n in "ab"
    ]

    for number in range(_ROUNDS):
        values = {"email": f"user{number}@example.com"}
        statuses = _race(
            partial(people.change, processes[0].context, OPERATOR, org_id, both[0].id, values),
            partial(people.change, processes[1].context, OPERATOR, org_id, both[1].id, values),
        )
        assert statuses == [200, 409]


def test_of_two_administrators_who_remove_one_another_one_stays(
    processes: list[Environment],
) -> None:
    for number in range(_ROUNDS):
        org_id, both = _administrators(processes[0], number)
        statuses = _race(
            partial(people.remove, processes[0].context, OPERATOR, org_id, both[0]),
            partial(people.set_role, processes[1].context, OPERATOR, org_id, both[1], "user"),
        )
        assert statuses == [200, 409]


def test_of_three_secrets_at_once_two_live(processes: list[Environment]) -> None:
    org_id = organization_lifecycle.create(
        processes[0].context, processes[0].hasher, OPERATOR, "Acme", "anna"
    ).organization.id
    overlap = timedelta(hours=1)

    for _ in range(_ROUNDS):
        app_id = applications.register(
            processes[0].context, processes[0].catalogue, OPERATOR, org_id, name="billing"
        ).application.id
        statuses = _race(
            partial(rotate, processes[0].context, OPERATOR, app_id, overlap, org_id),
            partial(rotate, processes[1].context, OPERATOR, app_id, overlap, org_id),
        )
        assert statuses == [200, 400]


def test_a_limit_of_tokens_holds_across_processes_once_they_have_written(
    processes: list[Environment],
) -> None:
    org_id = organization_lifecycle.create(
        processes[0].context, processes[0].hasher, OPERATOR, "Acme", "anna"
    ).organization.id
    app_id = applications.register(
        processes[0].context, processes[0].catalogue, OPERATOR, org_id, name="billing"
    ).application.id
    applications.change(
        processes[0].context, OPERATOR, app_id, None, rate_limit_mode="enforce", rate_limit=30
    )
    limited = CachedApplication.of(applications.find(processes[0].context, app_id, None))
    now = processes[0].clock()

    issued = 0
    for _ in range(10):
        for each in processes:
            for _ in range(5):
                issued += _mint(each, limited, now)
        for each in (*processes, *processes):  # what one has written, the other learns
            maintenance.flush(each)

    assert issued == 30


def _mint(process: Environment, limited: CachedApplication, now: float) -> int:
    try:
        process.issuance_limit.count(limited, now)
    except OAuthError:
        return 0
    process.usage.issued(limited)
    return 1


def _race(*calls: Callable[[], object]) -> list[int]:
    """Start the calls together; give what came of each, the successes first."""
    start = Barrier(len(calls))

    def run(call: Callable[[], object]) -> int:
        start.wait()
        try:
            call()
        except OAuthError as refused:
            return refused.status
        return 200

    with ThreadPoolExecutor(len(calls)) as threads:
        return sorted(threads.map(run, calls))


def _administrators(process: Environment, number: int) -> tuple[UUID, list[UUID]]:
    created = organization_lifecycle.create(
        process.context, process.hasher, OPERATOR, "Acme", f"anna{number}"
    )
    org_id = created.organization.id
    second, _ = initial_passwords.add_with_access(
        process.context,
        OPERATOR,
        org_id,
        username=f"bert{number}",
        email=None,
        role="admin",
        initial=run(initial_passwords.new_password(process.hasher)),
    )
    return org_id, [created.administrator.id, second.id]


def _person(org_id: UUID, email: str) -> User:
    return User(uuid4(), org_id, "user", NOW, NOW, email=email)
