"""The revocation feed's endpoint: who may ask, what is told, and how it waits."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from httpx2 import Response

from gatepass.guard.revocation import feed_page
from gatepass.guard.revocation.state import RevocationState
from gatepass.jose.signing import SigningKey
from gatepass.server.configuration.http_limits import HttpSettings
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes.store import START
from gatepass.server.domain.keys.operations import rotate
from gatepass.server.domain.keys.store import all_keys
from gatepass.wire.metadata import REVOCATIONS
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret
from server.fixtures import (
    INTROSPECTION,
    LIVE,
    TEST,
    Client,
    InProcessServer,
    open_passive_server,
    refused,
)

_PATIENCE = 30.0  # seconds
_WHO = Scope(("introspection", "read"))


def guard(server: InProcessServer) -> Client:
    return server.register(scope=INTROSPECTION, allowed=INTROSPECTION)


def ask(server: InProcessServer, by: Client | None, query: str = "", **given: object) -> Response:
    return server.send("GET", f"{REVOCATIONS}?{query}", by=by, **given)  # type: ignore[arg-type]


def told(answer: Response) -> feed_page.Page:
    """Read an answer as our guard does."""
    assert answer.status_code == 200, answer.text
    return feed_page.read(answer.content)


class Reader:
    """Reads the feed to its end, as often as it is told to, and knows what our guard would."""

    def __init__(self, server: InProcessServer, by: Client) -> None:
        self.memory = RevocationState()
        self._stand = server
        self._by = by
        self._cursor = ""

    def read(self) -> None:
        more = True
        while more:
            query = f"cursor={self._cursor}" if self._cursor else ""
            page = told(ask(self._stand, self._by, query))
            self.memory.apply(page)
            self._cursor, more = page.cursor, page.more


Harm = Callable[[InProcessServer, Client, str], object]


def _suspend(server: InProcessServer, client: Client, *, suspended: bool) -> None:
    org_id = client.application.org_id
    organization_lifecycle.set_suspended(
        server.environment().context, OPERATOR, org_id, suspended=suspended
    )


def _enable(server: InProcessServer, client: Client, *, enabled: bool) -> None:
    app_id = client.application.id
    applications.set_enabled(
        server.environment().context, OPERATOR, app_id, enabled=enabled, org_id=None
    )


def _void(server: InProcessServer, client: Client, _token: str) -> None:
    applications.revoke_tokens(server.environment().context, OPERATOR, client.application.id, None)


def _delete(server: InProcessServer, client: Client, _token: str) -> None:
    applications.delete(server.environment().context, OPERATOR, client.application.id, None)


HARMS: dict[str, Harm] = {
    "revoked": lambda server, client, token: server.revoke(client, token),
    "voided": _void,
    "disabled": lambda server, client, _: _enable(server, client, enabled=False),
    "suspended": lambda server, client, _: _suspend(server, client, suspended=True),
    "deleted": _delete,
}
CURES: dict[str, Harm] = {
    "disabled": lambda server, client, _: _enable(server, client, enabled=True),
    "suspended": lambda server, client, _: _suspend(server, client, suspended=False),
}


def jti_of(server: InProcessServer, by: Client, token: str) -> str:
    jti: str = server.introspect(by, token).json()["jti"]
    return jti


@pytest.mark.parametrize("harm", sorted(HARMS))
def test_whoever_follows_or_begins_anew_refuses_what_introspection_does(
    fresh_server: InProcessServer, harm: str
) -> None:
    by, client, other = guard(fresh_server), fresh_server.register(), fresh_server.register()
    tokens = {client: fresh_server.token(client), other: fresh_server.token(other)}
    jtis = {each: jti_of(fresh_server, by, token) for each, token in tokens.items()}
    follower = Reader(fresh_server, by)
    follower.read()

    def agree(is_good: bool) -> None:  # noqa: FBT001 - what they agree about
        beginner = Reader(fresh_server, by)
        for reader in (follower, beginner):
            reader.read()
            for each, token in tokens.items():
                expected = is_good or each is other
                assert fresh_server.is_active(by, token) is expected
                revoked = reader.memory.is_revoked(
                    jtis[each], each.client_id, fresh_server.clock.now
                )
                assert revoked is not expected

    agree(is_good=True)
    HARMS[harm](fresh_server, client, tokens[client])
    agree(is_good=False)
    if harm in CURES:
        CURES[harm](fresh_server, client, tokens[client])
        agree(is_good=False)
        tokens[client] = fresh_server.token(client)
        jtis[client] = jti_of(fresh_server, by, tokens[client])
        agree(is_good=True)


def test_to_void_all_tokens_parts_them_to_the_millisecond(fresh_server: InProcessServer) -> None:
    by, client = guard(fresh_server), fresh_server.register()
    before = jti_of(fresh_server, by, fresh_server.token(client))
    _void(fresh_server, client, "")
    fresh_server.clock.advance(0.001)
    after = jti_of(fresh_server, by, fresh_server.token(client))
    reader = Reader(fresh_server, by)
    reader.read()

    is_revoked = reader.memory.is_revoked
    assert is_revoked(before, client.client_id, fresh_server.clock.now)
    assert not is_revoked(after, client.client_id, fresh_server.clock.now)


@pytest.mark.parametrize("at_once", [True, False])
def test_only_a_key_that_was_taken_out_of_use_is_told(
    fresh_server: InProcessServer, *, at_once: bool
) -> None:
    environment, by = fresh_server.environment(), guard(fresh_server)
    with environment.database.read() as connection:
        known = all_keys(connection, environment.context.master_key, environment.mode)
    [kid] = [SigningKey(key.purpose, key.secret).kid for key in known if key.purpose != "opaque"]
    follower = Reader(fresh_server, by)
    follower.read()
    rotate(environment.context, environment.purposes, OPERATOR, at_once=at_once)
    beginner = Reader(fresh_server, by)

    for reader in (follower, beginner):
        reader.read()
        assert reader.memory.is_revoked(None, by.client_id, None, kid) is at_once


def test_an_answer_says_of_when_it_is_and_nobody_may_keep_it(fresh_server: InProcessServer) -> None:
    answer = ask(fresh_server, guard(fresh_server))

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    said = answer.json()
    assert set(said) == {
        "time",
        "as_of",
        "reset",
        "more",
        "cursor",
        "tokens",
        "applications",
        "keys",
    }
    assert (said["time"], said["reset"], said["more"]) == (fresh_server.clock.now, True, False)
    assert 0 <= said["time"] - said["as_of"] < _PATIENCE


def test_who_knows_everything_is_told_nothing_after_the_wait(fresh_server: InProcessServer) -> None:
    by = guard(fresh_server)
    first = told(ask(fresh_server, by))

    for wait in ("", "&wait=0", "&wait=1"):
        again = told(ask(fresh_server, by, f"cursor={first.cursor}{wait}"))
        assert (again.cursor, again.resets, again.more) == (first.cursor, False, False)
        assert again.is_empty


def test_who_waits_is_told_as_soon_as_there_is_something(fresh_server: InProcessServer) -> None:
    by, client = guard(fresh_server), fresh_server.register()
    token = fresh_server.token(client)
    first = told(ask(fresh_server, by))
    with ThreadPoolExecutor() as threads:
        asked = [
            threads.submit(ask, fresh_server, by, f"cursor={first.cursor}&wait=30") for _ in "abc"
        ]
        started = time.monotonic()
        while len(fresh_server.environment().notifier) < len(asked):
            assert time.monotonic() - started < _PATIENCE
            time.sleep(0.001)
        assert fresh_server.revoke(client, token).status_code == 200
        pages = [told(each.result(_PATIENCE)) for each in asked]

    assert time.monotonic() - started < 29  # the wait was not to its end
    assert [len(page.tokens) for page in pages] == [1, 1, 1]
    assert len({page.cursor for page in pages}) == 1


def test_more_guards_than_may_wait_are_asked_to_come_again(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data", http=HttpSettings(max_waiting_polls=1)) as server:
        by = guard(server)
        first = told(ask(server, by))
        news = server.environment().notifier
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(ask, server, by, f"cursor={first.cursor}&wait=30")
            started = time.monotonic()
            while not news.is_full:
                assert time.monotonic() - started < _PATIENCE
                time.sleep(0.001)
            second = ask(server, by, f"cursor={first.cursor}&wait=30")
            at_once = ask(server, by, f"cursor={first.cursor}")
            news.notify()
            assert waiting.result(_PATIENCE).status_code == 200

    assert (second.status_code, second.headers["retry-after"]) == (503, "5")
    assert second.json()["error"] == "temporarily_unavailable"
    assert at_once.status_code == 200  # who does not wait takes no place


def test_a_worker_that_knows_less_than_the_cursor_waits_and_does_not_begin_anew(
    fresh_server: InProcessServer,
) -> None:
    by = guard(fresh_server)
    environment = fresh_server.environment()
    behind = environment.position
    fresh_server.register()
    ahead = told(ask(fresh_server, by))
    environment.position = behind

    again = told(ask(fresh_server, by, f"cursor={ahead.cursor}&wait=1"))

    assert (again.resets, again.cursor) == (False, ahead.cursor)


def test_without_word_from_the_database_the_feed_grows_old_and_says_so(
    fresh_server: InProcessServer,
) -> None:
    by = guard(fresh_server)
    first = told(ask(fresh_server, by))
    fresh_server.environment().caught_up_at -= 100

    assert told(ask(fresh_server, by, f"cursor={first.cursor}")).age >= 100


def test_a_page_that_needs_the_database_is_unavailable_without_it(
    fresh_server: InProcessServer,
) -> None:
    by = guard(fresh_server)
    first = told(ask(fresh_server, by))
    fresh_server.lose_database()
    environment = fresh_server.environment()

    assert told(ask(fresh_server, by, f"cursor={first.cursor}")).is_empty
    environment.position = START
    answer = ask(fresh_server, by, f"cursor={first.cursor}")
    assert refused(answer) == (503, "temporarily_unavailable")
    environment.caught_up_at -= 1000  # beyond the grace time
    for headers in (None, {"Authorization": "Bearer abc"}):
        who = None if headers else by
        answer = ask(fresh_server, who, f"cursor={first.cursor}", headers=headers)
        assert refused(answer) == (503, "temporarily_unavailable")
        assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS"])
def test_get_and_post_are_allowed(server: InProcessServer, client: Client, method: str) -> None:
    answer = server.send(method, REVOCATIONS, by=client)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "query",
    [
        "cursor=abc",
        "cursor=%C3%A9",
        "wait=31",
        "wait=-1",
        "wait=1.5",
        "wait=soon",
        "wait=\u0663",
        "wait=1&wait=2",
        "token=abc",
        "client_secret=abc",
    ],
)
def test_what_cannot_be_meant_is_refused(server: InProcessServer, query: str) -> None:
    assert refused(ask(server, guard(server), query)) == (400, "invalid_request")


def test_a_cursor_of_the_other_environment_is_refused(server: InProcessServer) -> None:
    by = server.register(TEST, scope=INTROSPECTION, allowed=INTROSPECTION)
    cursor = told(server.send("GET", REVOCATIONS, TEST, by=by)).cursor

    assert refused(ask(server, guard(server), f"cursor={cursor}")) == (400, "invalid_request")


def test_nobody_reads_it_without_the_scope(server: InProcessServer, client: Client) -> None:
    answer = ask(server, client)

    assert refused(answer) == (403, "insufficient_scope")
    assert ask(server, guard(server)).status_code == 200


def test_who_is_not_proven_gets_the_answer_of_every_endpoint(
    server: InProcessServer, client: Client
) -> None:
    wrong = client.having(Secret("gps_live_wrong"))
    for by in (None, wrong):
        answer = ask(server, by)
        assert refused(answer) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")


def test_failures_are_limited_as_everywhere(fresh_server: InProcessServer) -> None:
    by = guard(fresh_server)

    statuses = [
        ask(fresh_server, by.having(Secret(f"gps_live_wrong{number}"))).status_code
        for number in range(32)
    ]

    assert (statuses[0], statuses[-1]) == (401, 429)
    assert ask(fresh_server, by).status_code == 200


def test_a_token_with_the_scope_will_do(server: InProcessServer) -> None:
    by = server.register(scope=_WHO, allowed=_WHO)
    good = {"Authorization": f"Bearer {server.token(by)}"}
    weak = {"Authorization": f"Bearer {server.token(by, scope='read')}"}
    bad = {"Authorization": "Bearer gpa_live_abc"}

    assert ask(server, None, headers=good).status_code == 200
    lacking = ask(server, None, headers=weak)
    assert refused(lacking) == (403, "insufficient_scope")
    assert 'scope="introspection"' in lacking.headers["www-authenticate"]
    unknown = ask(server, None, headers=bad)
    assert refused(unknown) == (401, "invalid_token")
    assert unknown.headers["www-authenticate"].startswith("Bearer ")


def test_it_is_told_where_the_feed_is(server: InProcessServer) -> None:
    told = server.send("GET", "/.well-known/oauth-authorization-server", LIVE).json()

    assert told["revocation_feed_endpoint"] == "http://localhost:8000" + REVOCATIONS
