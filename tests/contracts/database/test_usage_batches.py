"""A large batch of usage: written in parts, between which other writers come in."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, event, func, make_url, select

from contracts import samples
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.applications import lookup
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.model import FINE, Use
from gatepass.server.domain.users.passwords.passwords import Hasher, PasswordSettings
from gatepass.server.environment import maintenance
from gatepass.server.environment.environment import Environment
from gatepass.server.storage import deadline
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.server.storage.master_key import MasterKey
from gatepass.wire.credential import Mode

AT = 1_800_000_000.0
MANY = 2_600
PART = 500
_CHEAP = PasswordSettings(time_cost=1, memory_kib=8 * 1024)


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def connect(url: str, tmp_path: Path) -> Iterator[Callable[[], Environment]]:
    """Opens the environment as often as it is called, as several processes would."""
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    given = EnvironmentSettings(database="" if is_sqlite else url)
    settings = Settings(data=tmp_path, production=given, password=_CHEAP)
    opened: list[Environment] = []

    def open_one() -> Environment:
        opened.append(Environment(Mode.LIVE, settings, MasterKey(b"m" * 32), Hasher(_CHEAP)))
        opened[-1].open()
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def process(connect: Callable[[], Environment]) -> Environment:
    return connect()


def add_application(process: Environment) -> Application:
    with process.database.write() as connection:
        new = samples.application(samples.organization(connection).id)
        applications.add(connection, new)
    return new


def issue(process: Environment, application: Application, times: int = MANY) -> None:
    """Count a token in each of so many spans of time."""
    cached = CachedApplication.of(application)
    for number in range(times):
        process.usage.issued(cached)
        process.usage.collect(AT + number * FINE)


def written(process: Environment) -> tuple[int, int]:
    """Return how many counts there are, and their sum."""
    query = select(func.count(), func.coalesce(func.sum(store.usage.c.times), 0))
    with process.database.read() as connection:
        rows, times = connection.execute(query).one()
    return rows, int(times)


@contextmanager
def before_each_part(process: Environment, do: Callable[[int], None]) -> Iterator[None]:
    """Call `do` with the number of a part before its counts are written, with the lock held."""
    parts = 0

    def look(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        nonlocal parts
        if statement.startswith("INSERT INTO usage"):
            parts += 1
            do(parts)

    engine = process.database.engine
    event.listen(engine, "before_cursor_execute", look)
    yield
    event.remove(engine, "before_cursor_execute", look)


def failing_at(part: int, error: BaseException) -> Callable[[int], None]:
    def fail(number: int) -> None:
        if number == part:
            raise error

    return fail


def test_every_count_of_a_large_batch_is_written_once(process: Environment) -> None:
    application, gone = add_application(process), uuid4()
    issue(process, application)
    issue(process, replace(application, id=gone), 700)
    maintenance.flush(process)
    maintenance.flush(process)

    assert written(process) == (MANY, MANY)


def test_another_process_writes_between_two_parts(
    process: Environment, connect: Callable[[], Environment]
) -> None:
    other, seen = connect(), list[Future[int]]()
    issue(process, add_application(process))

    def write() -> int:
        with deadline.each(deadline.COMMAND), other.database.write() as connection:
            return connection.execute(select(func.count()).select_from(store.usage)).scalar_one()

    with ThreadPoolExecutor(1) as thread:

        def begin(part: int) -> None:
            if part == 1:
                seen.append(thread.submit(write))

        with before_each_part(process, begin):
            maintenance.flush(process)

    assert 0 < seen[0].result() < MANY
    assert written(process) == (MANY, MANY)


def test_after_a_crash_the_parts_that_were_written_are_there(
    process: Environment, connect: Callable[[], Environment]
) -> None:
    issue(process, add_application(process))
    with before_each_part(process, failing_at(3, Crash())), pytest.raises(Crash):
        maintenance.flush(process)

    assert written(connect()) == (2 * PART, 2 * PART)


def test_what_could_not_be_written_is_written_later_and_the_rest_not_again(
    process: Environment,
) -> None:
    application = add_application(process)
    issue(process, application)
    away = failing_at(3, DatabaseAwayError("away"))
    with before_each_part(process, away), pytest.raises(DatabaseAwayError):
        maintenance.flush(process)
    assert written(process) == (2 * PART, 2 * PART)

    issue(process, application)
    maintenance.flush(process)
    assert written(process) == (MANY, 2 * MANY)


def test_a_part_that_fails_for_another_reason_is_dropped_and_no_other(
    process: Environment,
) -> None:
    issue(process, add_application(process))
    fault = failing_at(3, ZeroDivisionError())
    with before_each_part(process, fault), pytest.raises(ZeroDivisionError):
        maintenance.flush(process)
    maintenance.flush(process)

    assert written(process) == (MANY - PART, MANY - PART)


def test_the_last_use_of_an_application_is_that_of_the_latest_of_its_secrets(
    process: Environment,
) -> None:
    used = add_application(process)
    late, early = used.secrets[0], samples.secret()
    with process.database.write() as connection:
        applications.add_secret(connection, used.id, early)
    use(process, replace(used, secrets=(late,)), AT + 9, b"late")
    for _ in range(MANY):  # of applications that are gone
        use(process, replace(used, id=uuid4(), secrets=(samples.secret(),)), AT, b"")
    use(process, replace(used, secrets=(early,)), AT - 9, b"early")
    maintenance.flush(process)

    with process.database.read() as connection:
        found = lookup.find(connection, used.id)
    assert found
    assert (found.last_used_at, found.last_used_agent) == (moment(AT + 9), "late")
    uses = {each.id: (each.last_used_at, each.last_used_agent) for each in found.secrets}
    assert uses == {late.id: (moment(AT + 9), "late"), early.id: (moment(AT - 9), "early")}


def use(process: Environment, application: Application, at: float, agent: bytes) -> None:
    """Note that an application used its only secret."""
    cached = CachedApplication.of(application)
    process.usage.used(Use(cached, cached.secrets[0], at, "192.0.2.7", agent))


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
