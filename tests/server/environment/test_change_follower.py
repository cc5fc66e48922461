"""Two servers on one data directory: what one changes, the other knows."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.keys.model import PUBLISHED_AHEAD
from gatepass.server.domain.keys.operations import rotate
from gatepass.server.domain.throttling.hourly_limit import HOUR, MOST_ROWS
from gatepass.server.environment import housekeeping
from gatepass.server.environment.environment import Environment
from gatepass.wire.scope import Scope
from server.fixtures import Client, InProcessServer, new_clock, open_server

_PATIENCE = 30.0  # seconds; a busy machine is slow, which is no failure


class Two(NamedTuple):
    """Two servers that share nothing but their data directory and the time."""

    here: InProcessServer
    there: InProcessServer


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    data, clock = tmp_path_factory.mktemp("two") / "data", new_clock()
    with open_server(data, clock) as here, open_server(data, clock) as there:
        yield Two(here, there)


def wait_until(known: Callable[[], bool], what: str = "it") -> None:
    """Ask until it is known, and print how long that took."""
    began = monotonic()
    while not known():
        assert monotonic() - began < _PATIENCE, "the other server never heard of it"
        sleep(0.002)
    sys.stdout.write(
        f"{what} known on the other side after {(monotonic() - began) * 1000:.0f} ms\n"
    )


def is_dead(at: InProcessServer, client: Client, token: str) -> bool:
    return not at.is_active(client, token)


def disable(of: Environment, client: Client) -> None:
    app_id = client.application.id
    applications.set_enabled(of.context, OPERATOR, app_id, enabled=False, org_id=None)


def suspend(of: Environment, client: Client) -> None:
    organization_lifecycle.set_suspended(
        of.context, OPERATOR, client.application.org_id, suspended=True
    )


def void(of: Environment, client: Client) -> None:
    applications.revoke_tokens(of.context, OPERATOR, client.application.id, None)


def delete(of: Environment, client: Client) -> None:
    applications.delete(of.context, OPERATOR, client.application.id, None)


@pytest.mark.slow
@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.spec("RFC 7662", "4")
def test_a_revocation_is_known_on_the_other_side(two: Two) -> None:
    for _ in range(5):
        client = two.here.register()
        token = two.here.token(client)
        assert two.there.is_active(client, token)
        two.here.revoke(client, token)

        assert not two.here.is_active(client, token)
        wait_until(partial(is_dead, two.there, client, token), "revocation")


@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.parametrize("change", [disable, suspend, void, delete])
def test_a_change_that_kills_tokens_is_known_on_the_other_side(
    two: Two, change: Callable[[Environment, Client], None]
) -> None:
    client = two.here.register()
    watcher = two.here.register(beside=client)
    token = two.here.token(client)
    for each in (client, watcher):
        assert two.there.is_active(each, token)
        assert two.there.ask(each).status_code == 200
    change(two.here.environment(), client)

    def is_dead_there() -> bool:
        if change is suspend:  # so is the watcher
            return two.there.introspect(watcher, token).status_code == 401
        return not two.there.is_active(watcher, token)

    wait_until(is_dead_there, change.__name__)
    # The watcher alone may have been read anew, before the change itself was.
    wait_until(lambda: (two.there.ask(client).status_code == 200) == (change is void))


def test_an_ended_secret_is_known_on_the_other_side(two: Two) -> None:
    client = two.here.register()
    assert two.there.ask(client).status_code == 200
    app_id = client.application.id
    new = secret_operations.rotate(
        two.here.environment().context,
        OPERATOR,
        app_id,
        timedelta(0),
        None,
    )

    wait_until(lambda: two.there.ask(client).status_code == 401)
    assert two.there.ask(client.having(new.secret)).status_code == 200


def test_a_new_application_works_on_the_other_side_at_once(two: Two) -> None:
    client = two.here.register()

    assert two.there.is_active(client, two.there.token(client))
    assert two.here.is_active(client, two.there.token(client))


def test_a_new_sealing_key_is_known_on_the_other_side_and_the_old_one_still_reads(
    two: Two,
) -> None:
    client = two.here.register()
    old = two.there.token(client)
    environment = two.here.environment()
    newest = environment.keys.opaque_token_key.id
    rotate(environment.context, environment.purposes, OPERATOR, at_once=False)
    two.here.clock.advance(PUBLISHED_AHEAD.total_seconds())
    environment.refresh_keys()
    assert environment.keys.opaque_token_key.id > newest
    newest = environment.keys.opaque_token_key.id
    new = two.here.token(client)

    wait_until(lambda: two.there.is_active(client, new))
    wait_until(lambda: two.there.environment().keys.opaque_token_key.id == newest)
    assert two.there.is_active(client, old)
    assert two.here.is_active(client, old)


@pytest.mark.slow
def test_usage_is_written_by_the_follower_itself(two: Two) -> None:
    client = two.here.register()
    two.there.ask(client)
    environment = two.here.environment()

    def is_written() -> bool:
        found = applications.find(environment.context, client.application.id, None)
        return found.last_used_at is not None

    wait_until(is_written)


@pytest.mark.slow
def test_a_follower_hears_again_when_the_database_is_back(tmp_path: Path) -> None:
    data, clock = tmp_path / "data", new_clock()
    with open_server(data, clock) as here, open_server(data, clock) as there:
        client = here.register()
        token = here.token(client)
        assert there.is_active(client, token)
        environment = there.environment()
        there.lose_database()
        here.revoke(client, token)
        wait_until(lambda: environment.lag() > 0.5)
        assert there.is_active(client, token)
        there.find_database()

        wait_until(lambda: not there.is_active(client, token))


@pytest.mark.slow
@pytest.mark.spec("ASVS", "16.5.3")
def test_memory_that_cannot_be_brought_up_to_date_is_not_taken_for_true(tmp_path: Path) -> None:
    with open_server(tmp_path / "data") as server, capture_logs() as logged:
        environment = server.environment()
        with environment.database.write() as connection:
            now = environment.now()
            changes.record(connection, changes.APPLICATION, "not an id", now)

        wait_until(lambda: environment.lag() > 1)
        assert "follower.failed" in [event["event"] for event in logged]


@pytest.mark.spec("RFC 7662", "4")
def test_an_emergency_rotation_kills_tokens_of_both_forms_on_the_other_side(two: Two) -> None:
    environment = two.here.environment()
    uri, scope = "https://meters.example.com", "meters.read"
    catalogue.add_resource(environment.context, OPERATOR, uri, "Meters", "jwt")
    catalogue.add_scope(
        environment.context, OPERATOR, CataloguedScope(scope, "Read", False, False, uri)
    )
    client = two.here.register(scope=Scope(("read", scope)))
    tokens = [two.here.token(client, scope=each) for each in ("read", scope)]
    wait_until(lambda: all(two.there.is_active(client, each) for each in tokens), "both forms")

    rotate(environment.context, environment.purposes, OPERATOR, at_once=True)

    assert [two.here.is_active(client, each) for each in tokens] == [False, False]
    for each in tokens:
        wait_until(partial(is_dead, two.there, client, each), "the emergency")
    again = two.there.token(client, scope=scope)
    wait_until(partial(two.here.is_active, client, again), "a token of the new key")


def test_what_was_not_recorded_is_summarized_when_the_hour_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BOUND_EVERY", 0.0)
    clock, org_id = new_clock(), uuid4()

    with open_server(tmp_path / "data", clock) as server:
        environment = server.environment()

        def summarized() -> list[str]:
            with environment.database.read() as connection:
                found = audit.page(connection, org_id)
            return [each.detail["times"] for _, each in found]

        for _ in range(MOST_ROWS + 3):
            environment.context.audit_limit.allow("access.denied", "192.0.2.7", clock(), org_id)
        assert summarized() == []
        clock.advance(HOUR)
        wait_until(lambda: summarized() == ["3"], "the summary")
