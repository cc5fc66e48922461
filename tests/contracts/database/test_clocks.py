"""Two nodes whose clocks differ, and a node whose clock is set back."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from gatepass.wire.scope import Scope
from server.fixtures import Client, InProcessServer, new_clock, open_passive_server, refused

_URI, _SCOPE = "https://meters.example.com", "meters.read"
_APARTS = [-3600, -10, 10, 3600]

Nodes = Callable[..., list[InProcessServer]]
Void = Callable[[InProcessServer, Client], None]


class ShiftedClock(Clock):
    """The real clock, shifted by some seconds."""

    def __init__(self, ahead: float) -> None:
        super().__init__()
        self._ahead = ahead

    def __call__(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


def void(server: InProcessServer, client: Client) -> None:
    applications.revoke_tokens(server.environment().context, OPERATOR, client.application.id, None)


def disable_and_enable(server: InProcessServer, client: Client) -> None:
    for enabled in (False, True):
        applications.set_enabled(
            server.environment().context,
            OPERATOR,
            client.application.id,
            enabled=enabled,
            org_id=None,
        )


def suspend_and_resume(server: InProcessServer, client: Client) -> None:
    for suspended in (True, False):
        organization_lifecycle.set_suspended(
            server.environment().context, OPERATOR, client.application.org_id, suspended=suspended
        )


VOIDS = [void, disable_and_enable, suspend_and_resume]


@pytest.fixture
def on_postgresql(migrated_postgresql_url: str, tmp_path: Path) -> Iterator[Nodes]:
    """Starts nodes on one PostgreSQL, each with its clock."""
    given = EnvironmentSettings(database=migrated_postgresql_url)
    with ExitStack() as stands:
        yield lambda *clocks: [
            stands.enter_context(open_passive_server(tmp_path / "data", clock, production=given))
            for clock in clocks
        ]


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Nodes]:
    """Starts a node on the same file, again and again."""
    with ExitStack() as stands:
        yield lambda *clocks: [
            stands.enter_context(open_passive_server(tmp_path / "data", clock)) for clock in clocks
        ]


@pytest.mark.parametrize("revoke", VOIDS)
@pytest.mark.parametrize("apart", _APARTS)
def test_what_one_node_voids_is_void_on_the_other_whatever_their_clocks_say(
    on_postgresql: Nodes, apart: float, revoke: Void
) -> None:
    here, there = on_postgresql(ShiftedClock(0), ShiftedClock(apart))
    client = here.register()
    learn(there)
    old = [here.token(client), there.token(client)]

    revoke(there, client)
    learn(here)

    new = [here.token(client), there.token(client)]
    for node in (here, there):
        assert [node.is_active(client, token) for token in old] == [False, False]
        assert [node.is_active(client, token) for token in new] == [True, True]


@pytest.mark.parametrize("apart", _APARTS)
def test_tokens_of_a_new_application_are_good_on_every_node(
    on_postgresql: Nodes, apart: float
) -> None:
    here, there = on_postgresql(ShiftedClock(0), ShiftedClock(apart))
    client = there.register()
    learn(here)

    for node in (here, there):
        token = node.token(client)
        assert here.is_active(client, token)
        assert there.is_active(client, token)


@pytest.mark.parametrize("apart", _APARTS)
def test_a_node_whose_clock_is_wrong_says_so_in_its_metrics(
    on_postgresql: Nodes, apart: float
) -> None:
    (node,) = on_postgresql(ShiftedClock(apart))

    page = node.send("GET", "/metrics", source="127.0.0.1").text

    (line,) = [
        each
        for each in page.splitlines()
        if each.startswith('gatepass_clock_offset_seconds{environment="production"}')
    ]
    assert float(line.split()[-1]) == pytest.approx(-apart, abs=5)


@pytest.mark.parametrize("revoke", VOIDS)
@pytest.mark.parametrize("back", [0.5, 10, 3600, 86400])
def test_tokens_do_not_survive_a_revocation_after_the_clock_was_set_back(
    on_sqlite: Nodes, back: float, revoke: Void
) -> None:
    clock = new_clock()
    (node,) = on_sqlite(clock)
    client = node.register()
    clock.advance(100)
    node.environment().collect()  # as the follower does ten times a second
    old = node.token(client)

    clock.now -= back
    revoke(node, client)

    assert not node.is_active(client, old)
    assert node.is_active(client, node.token(client))
    clock.advance(back + 60)  # the right time again
    assert not node.is_active(client, old)


@pytest.mark.parametrize("revoke", VOIDS)
@pytest.mark.parametrize("back", [10, 3000])
def test_a_node_that_starts_with_an_earlier_clock_voids_what_it_issued_before(
    on_sqlite: Nodes, back: float, revoke: Void
) -> None:
    clock = new_clock()
    (before,) = on_sqlite(clock)
    client = before.register()
    clock.advance(4000)
    before.environment().collect()
    old = before.token(client)
    before.environment().collect()
    maintenance.flush(before.environment())

    (after,) = on_sqlite(new_clock())
    after.clock.advance(4000 - back)
    revoke(after, client)

    assert not after.is_active(client, old)
    assert after.is_active(client, after.token(client))


def test_an_application_registered_before_the_clock_was_set_back_gets_good_tokens(
    on_sqlite: Nodes,
) -> None:
    (before,) = on_sqlite(new_clock())
    client = before.register()
    behind = new_clock()
    behind.now -= 600

    (after,) = on_sqlite(behind)

    assert after.is_active(client, after.token(client))


def test_a_token_that_is_void_already_is_never_issued(on_sqlite: Nodes) -> None:
    (ahead,) = on_sqlite(new_clock())
    client = ahead.register()
    ahead.clock.advance(86400)  # a clock that is wrong by a day, then put right
    void(ahead, client)
    (right,) = on_sqlite(new_clock())

    answer = right.ask(client)

    assert refused(answer) == (503, "temporarily_unavailable")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    right.clock.advance(86402)
    assert right.is_active(client, right.token(client))


@pytest.mark.spec("RFC 9068", "2.2")
def test_a_jwt_issued_right_after_a_revocation_is_not_dated_ahead(on_sqlite: Nodes) -> None:
    (node,) = on_sqlite(new_clock())
    environment = node.environment()
    catalogue.add_resource(environment.context, OPERATOR, _URI, "Meters", "jwt")
    catalogue.add_scope(
        environment.context, OPERATOR, CataloguedScope(_SCOPE, "Read", False, False, _URI)
    )
    client = node.register(scope=Scope((_SCOPE,)))
    old = node.token(client)

    void(node, client)

    told = node.introspect(client, node.token(client)).json()
    assert told["active"]
    assert told["exp"] == int(node.clock()) + client.application.token_lifetime
    assert not node.is_active(client, old)


def learn(node: InProcessServer) -> None:
    """Read the change feed, as the follower does ten times a second."""
    node.environment().catch_up()
