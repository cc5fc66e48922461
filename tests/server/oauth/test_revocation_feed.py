"""The revocation feed's endpoint: who may ask, what is told, and how it waits."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from httpx2 import Response

from gatepass.guard.revocation import feed_page
from gatepass.guard.revocation.state import Revocations
from gatepass.jose.signing import SigningKey
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes.store import START
from gatepass.server.domain.keys.operations import rotate
from gatepass.server.domain.keys.store import all_keys
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.settings import HttpSettings
from gatepass.wire.metadata import REVOCATIONS
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret
from server.fixtures import (
    INTROSPECTION,
    LIVE,
    TEST,
    Client,
    InProcessServer,
    refused,
    standing_still,
)

_PATIENCE = 30.0  # seconds
_WHO = Scope(("introspection", "read"))


def guard(stand: InProcessServer) -> Client:
    return stand.register(scope=INTROSPECTION, allowed=INTROSPECTION)


def ask(stand: InProcessServer, by: Client | None, query: str = "", **given: object) -> Response:
    return stand.send("GET", f"{REVOCATIONS}?{query}", by=by, **given)  # type: ignore[arg-type]


def told(answer: Response) -> feed_page.Page:
    """Read an answer as our guard does."""
    assert answer.status_code == 200, answer.text
    return feed_page.read(answer.content)


class Reader:
    """Reads the feed to its end, as often as it is told to, and knows what our guard would."""

    def __init__(self, stand: InProcessServer, by: Client) -> None:
        self.memory = Revocations()
        self._stand = stand
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


def _suspend(stand: InProcessServer, client: Client, *, suspended: bool) -> None:
    org_id = client.application.org_id
    organizations.set_suspended(stand.environment(), OPERATOR, org_id, suspended=suspended)


def _enable(stand: InProcessServer, client: Client, *, enabled: bool) -> None:
    app_id = client.application.id
    applications.set_enabled(stand.environment(), OPERATOR, app_id, enabled=enabled, org_id=None)


def _void(stand: InProcessServer, client: Client, _token: str) -> None:
    applications.void_tokens(stand.environment(), OPERATOR, client.application.id, None)


def _delete(stand: InProcessServer, client: Client, _token: str) -> None:
    applications.delete(stand.environment(), OPERATOR, client.application.id, None)


HARMS: dict[str, Harm] = {
    "revoked": lambda stand, client, token: stand.revoke(client, token),
    "voided": _void,
    "disabled": lambda stand, client, _: _enable(stand, client, enabled=False),
    "suspended": lambda stand, client, _: _suspend(stand, client, suspended=True),
    "deleted": _delete,
}
CURES: dict[str, Harm] = {
    "disabled": lambda stand, client, _: _enable(stand, client, enabled=True),
    "suspended": lambda stand, client, _: _suspend(stand, client, suspended=False),
}


def jti_of(stand: InProcessServer, by: Client, token: str) -> str:
    jti: str = stand.introspect(by, token).json()["jti"]
    return jti


@pytest.mark.parametrize("harm", sorted(HARMS))
def test_whoever_follows_or_begins_anew_refuses_what_introspection_does(
    fresh: InProcessServer, harm: str
) -> None:
    by, client, other = guard(fresh), fresh.register(), fresh.register()
    tokens = {client: fresh.token(client), other: fresh.token(other)}
    jtis = {each: jti_of(fresh, by, token) for each, token in tokens.items()}
    follower = Reader(fresh, by)
    follower.read()

    def agree(is_good: bool) -> None:  # noqa: FBT001 - what they agree about
        beginner = Reader(fresh, by)
        for reader in (follower, beginner):
            reader.read()
            for each, token in tokens.items():
                expected = is_good or each is other
                assert fresh.is_active(by, token) is expected
                revoked = reader.memory.is_revoked(jtis[each], each.client_id, fresh.clock.at)
                assert revoked is not expected

    agree(is_good=True)
    HARMS[harm](fresh, client, tokens[client])
    agree(is_good=False)
    if harm in CURES:
        CURES[harm](fresh, client, tokens[client])
        agree(is_good=False)
        tokens[client] = fresh.token(client)
        jtis[client] = jti_of(fresh, by, tokens[client])
        agree(is_good=True)


def test_to_void_all_tokens_parts_them_to_the_millisecond(fresh: InProcessServer) -> None:
    by, client = guard(fresh), fresh.register()
    before = jti_of(fresh, by, fresh.token(client))
    _void(fresh, client, "")
    fresh.clock.advance(0.001)
    after = jti_of(fresh, by, fresh.token(client))
    reader = Reader(fresh, by)
    reader.read()

    is_revoked = reader.memory.is_revoked
    assert is_revoked(before, client.client_id, fresh.clock.at)
    assert not is_revoked(after, client.client_id, fresh.clock.at)


@pytest.mark.parametrize("at_once", [True, False])
def test_only_a_key_that_was_taken_out_of_use_is_told(
    fresh: InProcessServer, *, at_once: bool
) -> None:
    environment, by = fresh.environment(), guard(fresh)
    with environment.database.read() as connection:
        known = all_keys(connection, environment.master, environment.mode)
    [kid] = [SigningKey(key.purpose, key.secret).kid for key in known if key.purpose != "seal"]
    follower = Reader(fresh, by)
    follower.read()
    rotate(environment, OPERATOR, at_once=at_once)
    beginner = Reader(fresh, by)

    for reader in (follower, beginner):
        reader.read()
        assert reader.memory.is_revoked(None, by.client_id, None, kid) is at_once


def test_an_answer_says_of_when_it_is_and_nobody_may_keep_it(fresh: InProcessServer) -> None:
    answer = ask(fresh, guard(fresh))

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
    assert (said["time"], said["reset"], said["more"]) == (fresh.clock.at, True, False)
    assert 0 <= said["time"] - said["as_of"] < _PATIENCE


def test_who_knows_everything_is_told_nothing_after_the_wait(fresh: InProcessServer) -> None:
    by = guard(fresh)
    first = told(ask(fresh, by))

    for wait in ("", "&wait=0", "&wait=1"):
        again = told(ask(fresh, by, f"cursor={first.cursor}{wait}"))
        assert (again.cursor, again.resets, again.more) == (first.cursor, False, False)
        assert again.says_nothing


def test_who_waits_is_told_as_soon_as_there_is_something(fresh: InProcessServer) -> None:
    by, client = guard(fresh), fresh.register()
    token = fresh.token(client)
    first = told(ask(fresh, by))
    with ThreadPoolExecutor() as threads:
        asked = [threads.submit(ask, fresh, by, f"cursor={first.cursor}&wait=30") for _ in "abc"]
        started = time.monotonic()
        while len(fresh.environment().news) < len(asked):
            assert time.monotonic() - started < _PATIENCE
            time.sleep(0.001)
        assert fresh.revoke(client, token).status_code == 200
        pages = [told(each.result(_PATIENCE)) for each in asked]

    assert time.monotonic() - started < 29  # the wait was not to its end
    assert [len(page.tokens) for page in pages] == [1, 1, 1]
    assert len({page.cursor for page in pages}) == 1


def test_more_guards_than_may_wait_are_asked_to_come_again(tmp_path: Path) -> None:
    with standing_still(tmp_path / "data", http=HttpSettings(max_waiting_polls=1)) as stand:
        by = guard(stand)
        first = told(ask(stand, by))
        news = stand.environment().news
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(ask, stand, by, f"cursor={first.cursor}&wait=30")
            started = time.monotonic()
            while not news.is_full:
                assert time.monotonic() - started < _PATIENCE
                time.sleep(0.001)
            second = ask(stand, by, f"cursor={first.cursor}&wait=30")
            at_once = ask(stand, by, f"cursor={first.cursor}")
            news.tell()
            assert waiting.result(_PATIENCE).status_code == 200

    assert (second.status_code, second.headers["retry-after"]) == (503, "5")
    assert second.json()["error"] == "temporarily_unavailable"
    assert at_once.status_code == 200  # who does not wait takes no place


def test_a_worker_that_knows_less_than_the_cursor_waits_and_does_not_begin_anew(
    fresh: InProcessServer,
) -> None:
    by = guard(fresh)
    environment = fresh.environment()
    behind = environment.place
    fresh.register()
    ahead = told(ask(fresh, by))
    environment.place = behind

    again = told(ask(fresh, by, f"cursor={ahead.cursor}&wait=1"))

    assert (again.resets, again.cursor) == (False, ahead.cursor)


def test_without_word_from_the_database_the_feed_grows_old_and_says_so(
    fresh: InProcessServer,
) -> None:
    by = guard(fresh)
    first = told(ask(fresh, by))
    fresh.environment().caught_up_at -= 100

    assert told(ask(fresh, by, f"cursor={first.cursor}")).age >= 100


def test_a_page_that_needs_the_database_is_unavailable_without_it(fresh: InProcessServer) -> None:
    by = guard(fresh)
    first = told(ask(fresh, by))
    fresh.lose_database()
    environment = fresh.environment()

    assert told(ask(fresh, by, f"cursor={first.cursor}")).says_nothing
    environment.place = START
    answer = ask(fresh, by, f"cursor={first.cursor}")
    assert refused(answer) == (503, "temporarily_unavailable")
    environment.caught_up_at -= 1000  # beyond the grace time
    for headers in (None, {"Authorization": "Bearer abc"}):
        who = None if headers else by
        answer = ask(fresh, who, f"cursor={first.cursor}", headers=headers)
        assert refused(answer) == (503, "temporarily_unavailable")
        assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_only_get_is_allowed(stand: InProcessServer, client: Client, method: str) -> None:
    answer = stand.send(method, REVOCATIONS, by=client)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


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
def test_what_cannot_be_meant_is_refused(stand: InProcessServer, query: str) -> None:
    assert refused(ask(stand, guard(stand), query)) == (400, "invalid_request")


def test_a_cursor_of_the_other_environment_is_refused(stand: InProcessServer) -> None:
    by = stand.register(TEST, scope=INTROSPECTION, allowed=INTROSPECTION)
    cursor = told(stand.send("GET", REVOCATIONS, TEST, by=by)).cursor

    assert refused(ask(stand, guard(stand), f"cursor={cursor}")) == (400, "invalid_request")


def test_nobody_reads_it_without_the_scope(stand: InProcessServer, client: Client) -> None:
    answer = ask(stand, client)

    assert refused(answer) == (403, "insufficient_scope")
    assert ask(stand, guard(stand)).status_code == 200


def test_who_is_not_proven_gets_the_answer_of_every_endpoint(
    stand: InProcessServer, client: Client
) -> None:
    wrong = client.having(Secret("gps_live_wrong"))
    for by in (None, wrong):
        answer = ask(stand, by)
        assert refused(answer) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")


def test_failures_are_limited_as_everywhere(fresh: InProcessServer) -> None:
    by = guard(fresh)

    statuses = [
        ask(fresh, by.having(Secret(f"gps_live_wrong{number}"))).status_code for number in range(32)
    ]

    assert (statuses[0], statuses[-1]) == (401, 429)
    assert ask(fresh, by).status_code == 200


def test_a_token_with_the_scope_will_do(stand: InProcessServer) -> None:
    by = stand.register(scope=_WHO, allowed=_WHO)
    good = {"Authorization": f"Bearer {stand.token(by)}"}
    weak = {"Authorization": f"Bearer {stand.token(by, scope='read')}"}
    bad = {"Authorization": "Bearer gpa_live_abc"}

    assert ask(stand, None, headers=good).status_code == 200
    lacking = ask(stand, None, headers=weak)
    assert refused(lacking) == (403, "insufficient_scope")
    assert 'scope="introspection"' in lacking.headers["www-authenticate"]
    unknown = ask(stand, None, headers=bad)
    assert refused(unknown) == (401, "invalid_token")
    assert unknown.headers["www-authenticate"].startswith("Bearer ")


def test_it_is_told_where_the_feed_is(stand: InProcessServer) -> None:
    told = stand.send("GET", "/.well-known/oauth-authorization-server", LIVE).json()

    assert told["revocation_feed_endpoint"] == "http://localhost:8000" + REVOCATIONS
