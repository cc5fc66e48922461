"""A JWT that was verified before, in front of an ASGI application: the rest is checked as ever."""

import asyncio
from typing import Any

import pytest

from gatepass.guard import Guard, Requirements, asgi
from gatepass.guard.core.rate_limit import RateLimit
from guard.fake_network import HOUR, Setup

FORM = b"application/x-www-form-urlencoded"
READ = Requirements.of("read")


async def hello(scope: asgi.Scope, _receive: asgi.Receive, send: asgi.Send) -> None:
    body = scope["gatepass.principal"].client_id.encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def status_of(
    guard: Guard,
    token: str,
    requirements: Requirements = READ,
    *,
    app: asgi.App = hello,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    body: bytes = b"",
    **changed: Any,  # noqa: ANN401 - any member of the scope
) -> int:
    """Return the status of an answer to a request with the token."""
    statuses: list[int] = []

    async def receive() -> asgi.Message:
        return {"type": "http.request", "body": body}

    async def send(message: asgi.Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "client": ("192.0.2.1", 4711),
        "headers": [(b"authorization", f"Bearer {token}".encode()), *headers],
    } | changed
    asyncio.run(asgi.Protected(app, guard, requirements)(scope, receive, send))
    return statuses[0]


def form(body: bytes) -> dict[str, Any]:
    """Return a request with a form."""
    headers = ((b"content-type", FORM), (b"content-length", b"%d" % len(body)))
    return {"method": "POST", "headers": headers, "body": body}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({}, 200),
        ({"query_string": b"page=2&access=token"}, 200),
        ({"query_string": b"q=a%20b"}, 200),
        ({"query_string": b"page=2&access_token=x"}, 400),
        ({"query_string": b"access%5Ftoken=x"}, 400),
        ({"query_string": b"%61ccess_token"}, 400),
        ({"headers": ((b"authorization", b"Bearer x"),)}, 400),
        ({"headers": ((b"authorization", b""),)}, 400),
        ({"headers": ((b"content-type", b"application/json"),), "body": b"{}"}, 200),
        ({"headers": ((b"content-type", b"text/plain"),), "body": b"access_token=x"}, 200),
        (form(b"page=2"), 200),
        (form(b"access_token=x"), 400),
        (form(b"page=2&acces%73_token=x"), 400),
    ],
)
def test_a_request_with_a_cached_jwt_is_answered_as_the_first_with_it(
    setup: Setup, request_: dict[str, Any], status: int
) -> None:
    first, cached, token = setup.guard(), setup.guard(), setup.jwt()
    assert status_of(cached, token) == 200

    assert status_of(first, token, **request_) == status
    assert status_of(cached, token, **request_) == status


def test_a_cached_jwt_in_two_headers_is_refused(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt()
    assert status_of(guard, token) == 200

    assert status_of(guard, token, headers=((b"authorization", f"Bearer {token}".encode()),)) == 400


def test_a_cached_jwt_is_counted_once_for_a_request_that_is_checked_twice(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt()
    twice = asgi.Protected(hello, guard, READ)

    assert [status_of(guard, token, app=twice) for _ in range(2)] == [200, 200]

    assert (guard.counters.verified, guard.counters.cached) == (2, 1)


def test_a_cached_jwt_is_counted_as_cached(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt()

    assert [status_of(guard, token) for _ in range(3)] == [200] * 3

    assert (guard.counters.verified, guard.counters.cached) == (3, 2)


@pytest.mark.parametrize(
    ("requirements", "status"),
    [
        (Requirements.of("read write"), 200),
        (Requirements.of("delete"), 403),
        (Requirements.of(asgi.any_of("read", "delete")), 200),
        (Requirements.of(asgi.any_of("purge", "delete")), 403),
        (Requirements.of({"GET": "delete", "*": "read"}), 403),
        (Requirements.of({"GET": "read", "*": "delete"}), 200),
    ],
)
def test_a_cached_jwt_needs_the_scopes_of_each_endpoint(
    setup: Setup, requirements: Requirements, status: int
) -> None:
    guard, token = setup.guard(), setup.jwt()
    assert status_of(guard, token) == 200

    assert status_of(guard, token, requirements) == status


def test_a_cached_jwt_is_refused_once_it_is_revoked(setup: Setup) -> None:
    guard, token = setup.guard(revocations=setup.feed), setup.jwt()
    assert status_of(guard, token) == status_of(guard, token) == 200

    setup.feed.revoked.add("token-id")

    assert status_of(guard, token) == 401


def test_a_cached_jwt_is_refused_while_the_feed_is_stale(setup: Setup) -> None:
    guard, token = setup.guard(revocations=setup.feed, on_stale_feed="refuse"), setup.jwt()
    assert status_of(guard, token) == status_of(guard, token) == 200

    setup.feed.feed_state = "stale"

    assert status_of(guard, token) == 503


def test_a_cached_jwt_is_refused_once_it_has_expired(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt()
    assert status_of(guard, token) == status_of(guard, token) == 200

    setup.clock.now += HOUR + 11

    assert status_of(guard, token) == 401


def test_a_cached_jwt_counts_from_its_networks_alone(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt(allowed_networks=["192.0.2.0/24"])
    assert status_of(guard, token) == status_of(guard, token) == 200

    assert status_of(guard, token, client=("203.0.113.1", 4711)) == 401
    assert status_of(guard, token, client=None) == 401


def test_a_cached_jwt_is_refused_once_its_key_is_withdrawn(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt("ES256")
    assert status_of(guard, token) == status_of(guard, token) == 200
    setup.publish("RS256")
    setup.clock.now += HOUR - 60

    assert status_of(guard, setup.jwt("RS256")) == 200  # for which the keys are fetched again
    assert status_of(guard, token) == 401


def test_a_cached_jwt_stays_known_when_its_key_is_published_again(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt("ES256")
    assert status_of(guard, token) == status_of(guard, token) == 200
    setup.clock.now += HOUR - 60

    assert status_of(guard, setup.jwt("RS256")) == 200
    assert [status_of(guard, token) for _ in range(2)] == [200, 200]

    assert (setup.server.key_fetches, guard.counters.cached) == (2, 3)


def test_a_cached_jwt_is_counted_by_the_rate_limit(setup: Setup) -> None:
    guard, token = setup.guard(rate=RateLimit("2/hour")), setup.jwt()

    assert [status_of(guard, token) for _ in range(3)] == [200, 200, 429]


def test_a_token_that_is_too_long_is_refused_each_time(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt(filler="x" * 20_000)

    assert [status_of(guard, token) for _ in range(2)] == [401, 401]
