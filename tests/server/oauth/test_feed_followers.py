"""Operators see which guards follow the revocation feed, and how far behind each is."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.revocation.feed_protocol import FeedProtocol
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes.store import Position
from gatepass.server.domain.revocations.feed.cursor import Cursor, Section
from gatepass.server.domain.revocations.followers import store
from gatepass.server.domain.revocations.followers.model import (
    Followed,
    Follower,
    Followers,
    Poll,
    State,
    behind,
)
from gatepass.server.environment import maintenance
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.wire.metadata import REVOCATIONS
from gatepass.wire.secret import Secret
from server.fixtures import INTROSPECTION, Client, InProcessServer

AGENT = "gatepass-guard/0.2.0 (api-1)"
NOW = datetime(2026, 7, 20, 12, 34, 56, tzinfo=UTC)


def poll(server: InProcessServer, by: Client, cursor: str = "") -> str:
    query = f"?cursor={cursor}" if cursor else ""
    answer = server.send("GET", REVOCATIONS + query, by=by, headers={"user-agent": AGENT})
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["cursor"]
    return text


def read_all(server: InProcessServer, by: Client) -> str:
    """Read the feed to its end, and return the cursor."""
    before, cursor = None, poll(server, by)
    while cursor != before:
        before, cursor = cursor, poll(server, by, cursor)
    return cursor


def followed(server: InProcessServer) -> list[Followed]:
    maintenance.write_followers(server.environment())
    with server.environment().database.read() as connection:
        return store.latest(connection, 10)


def test_a_guard_is_followed_from_its_first_request_to_the_end_of_the_feed(
    fresh_server: InProcessServer,
) -> None:
    guard = fresh_server.register(scope=INTROSPECTION, allowed=INTROSPECTION)
    partner = fresh_server.register()
    poll(fresh_server, guard)
    [reads] = followed(fresh_server)
    cursor = read_all(fresh_server, guard)
    [current] = followed(fresh_server)
    context = fresh_server.environment().context
    application = partner.application
    for _ in range(2):
        applications.revoke_tokens(context, OPERATOR, application.id, application.org_id)
    fresh_server.environment().catch_up()
    poll(fresh_server, guard, cursor)
    [late] = followed(fresh_server)

    assert (reads.client_id, reads.agent, reads.behind) == (guard.client_id, AGENT, None)
    assert current.behind == 0
    assert late.behind == 2
    assert late.first_at == reads.first_at <= current.last_at <= late.last_at


def test_a_guard_that_presents_a_token_is_known_by_its_application(
    fresh_server: InProcessServer,
) -> None:
    guard = fresh_server.register(scope=INTROSPECTION, allowed=INTROSPECTION)
    token = fresh_server.token(guard)
    answer = fresh_server.send(
        "GET", REVOCATIONS, headers={"authorization": f"Bearer {token}", "user-agent": AGENT}
    )

    assert answer.status_code == 200
    assert [each.client_id for each in followed(fresh_server)] == [guard.client_id]


def test_who_is_refused_is_no_guard(fresh_server: InProcessServer) -> None:
    partner = fresh_server.register()
    answer = fresh_server.send("GET", REVOCATIONS, by=partner)

    assert answer.status_code == 403
    assert followed(fresh_server) == []


def test_what_could_not_be_written_is_written_later(
    fresh_server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = fresh_server.register(scope=INTROSPECTION, allowed=INTROSPECTION)
    poll(fresh_server, guard)

    def away(*_: object) -> None:
        raise DatabaseAwayError("no connection")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", away)
        with pytest.raises(DatabaseAwayError):
            maintenance.write_followers(fresh_server.environment())

    assert len(followed(fresh_server)) == 1


@pytest.mark.parametrize(
    ("cursor", "missing"),
    [
        (None, None),
        (Cursor(Position(7, 0), Section.TOKENS), None),
        (Cursor(Position(7, 0)), 3),
        (Cursor(Position(10, 0)), 0),
        (Cursor(Position(11, 0)), 0),  # this process knows less than the guard
    ],
)
def test_how_far_behind_a_cursor_is(cursor: Cursor | None, missing: int | None) -> None:
    assert behind(cursor, 10) == missing


@pytest.mark.parametrize(
    ("missing", "ago", "state"),
    [(0, 119, "current"), (3, 5, "behind"), (None, 5, "reading"), (0, 121, "silent")],
)
def test_a_guard_without_a_request_for_two_minutes_is_silent(
    missing: int | None, ago: int, state: State
) -> None:
    asked_at = NOW - timedelta(seconds=ago)
    found = Followed("meters", "Meters", uuid4(), "192.0.2.1", AGENT, NOW, asked_at, missing)

    assert found.state(NOW) == state


def test_a_later_request_counts_when_an_earlier_one_is_put_back() -> None:
    follower = Follower(uuid4(), "192.0.2.1", AGENT)
    memory = Followers()
    memory.note(follower, Poll(1.0, 5))
    earlier = memory.take()
    memory.note(follower, Poll(2.0, 0))
    memory.put_back(earlier)

    assert memory.take() == {follower: Poll(2.0, 0)}


def test_a_guard_says_its_version_and_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "api-1.\r\nexample (x)")
    protocol = FeedProtocol("https://auth.example.com/oauth2/revocations/", 30)
    request = protocol.request(Credentials("id", Secret("secret")))

    assert request.headers["user-agent"].startswith("gatepass-guard/")
    assert request.headers["user-agent"].endswith(" (api-1.examplex)")
