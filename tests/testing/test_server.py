"""The fake server: an OAuth server that works, and fails as a test sets it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import httpx2
import pytest
import requests

from gatepass import BearerAuth, TokenRefused, TokenSource, TokenUnavailable
from gatepass.client.cache.file_cache import FileCache
from gatepass.client.settings import ClientSettings
from gatepass.testing import Clock, FakeServer, Response, busy, hang_up, page, refusal

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer("me", "s+e c%r/e=t&x~") as running:
        yield running


def source_of(server: FakeServer, clock: Clock | None = None) -> TokenSource:
    """Return a source that does not pause between attempts."""
    return TokenSource(server.settings, now=clock or Clock(), random=lambda: 0.0)


def ask(server: FakeServer, **request: object) -> "tuple[int, dict[str, object]]":
    answer = requests.post(server.token_url, **request, timeout=30)  # type: ignore[arg-type]
    return answer.status_code, answer.json()


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post"])
def test_a_token_is_issued_and_accepted(server: FakeServer, auth_method: str) -> None:
    settings = replace(server.settings, auth_method=auth_method, scope="read", resource="urn:a")
    auth = BearerAuth.sharing(TokenSource(settings))

    with httpx2.Client(auth=auth) as client:
        answer = client.post(f"{server.api_url}/meters?page=2", json={"id": 7})

    assert answer.json() == {
        "client_id": "me",
        "scope": "read",
        "method": "POST",
        "path": "/api/meters?page=2",
    }
    [asked] = server.token_requests
    assert (asked.client_id, asked.auth_method) == ("me", auth_method)
    assert (asked.scope, asked.resource) == ("read", ("urn:a",))
    [called] = server.api_requests
    assert (called.method, called.path, called.body) == (
        "POST",
        "/api/meters?page=2",
        b'{"id":7}',
    )
    assert called.accepted


def test_what_was_asked_is_kept_without_the_secret(server: FakeServer) -> None:
    source_of(server).token()
    ask(server, data=GRANT | {"client_id": "me", "client_secret": server.secrets[0]})

    assert server.secrets[0] not in repr(server.token_requests)
    assert "basic " not in repr(server.token_requests).lower()


@pytest.mark.parametrize(
    ("request_of", "status", "error"),
    [
        ({"data": GRANT, "auth": ("me", "wrong")}, 401, "invalid_client"),
        ({"data": GRANT, "auth": ("you", "secret")}, 401, "invalid_client"),
        ({"data": GRANT}, 401, "invalid_client"),
        ({"data": GRANT, "headers": {"Authorization": "Basic ?"}}, 401, "invalid_client"),
        ({"data": GRANT | {"client_id": "me"}}, 401, "invalid_client"),
        ({"data": {"grant_type": "x"}, "auth": ("me", "secret")}, 400, "unsupported_grant_type"),
        ({"data": GRANT | {"scope": "write"}, "auth": ("me", "secret")}, 400, "invalid_scope"),
        ({"json": GRANT, "auth": ("me", "secret")}, 400, "invalid_request"),
        ({"data": [*GRANT.items(), *GRANT.items()]}, 400, "invalid_request"),
        (
            {"data": GRANT | {"client_secret": "secret"}, "auth": ("me", "secret")},
            400,
            "invalid_request",
        ),
    ],
)
def test_a_client_that_asks_wrongly_is_refused_as_by_a_good_server(
    request_of: dict[str, object], status: int, error: str
) -> None:
    with FakeServer("me", "secret", scope="read") as server:
        assert ask(server, **request_of)[0] == status
        assert ask(server, **request_of)[1]["error"] == error


def test_only_a_post_gets_a_token_and_other_paths_get_nothing(server: FakeServer) -> None:
    assert requests.get(server.token_url, timeout=30).status_code == 405
    assert requests.head(server.url, timeout=30).status_code == 404


def test_without_a_good_token_the_api_answers_401(server: FakeServer) -> None:
    without = requests.get(server.api_url, timeout=30)
    wrong = requests.get(server.api_url, headers={"Authorization": "Bearer x"}, timeout=30)

    assert (without.status_code, without.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (
        401,
        'Bearer error="invalid_token"',
    )
    assert [called.accepted for called in server.api_requests] == [False, False]


def test_a_revoked_token_is_refused_and_the_client_gets_a_new_one(server: FakeServer) -> None:
    source = source_of(server)
    token = source.token()
    kept = server.issue("read")

    server.revoke(token.value)

    assert not server.accepts(token.authorization)
    assert server.accepts(f"Bearer {kept}")
    with httpx2.Client(auth=BearerAuth.sharing(source)) as client:
        assert client.get(server.api_url).status_code == 200
    assert len(server.token_requests) == 2


def test_all_tokens_can_be_revoked_at_once(server: FakeServer) -> None:
    tokens = [server.issue(), server.issue()]

    server.revoke_all()

    assert not any(server.accepts(f"Bearer {token}") for token in tokens)
    assert not server.accepts("Basic x")


def test_tokens_expire_by_the_clock_on_both_sides() -> None:
    clock = Clock()
    with FakeServer(expires_in=600, now=clock) as server:
        source = source_of(server, clock)
        first = source.token()

        clock.advance(599)
        assert server.accepts(first.authorization)
        clock.advance(1)
        assert not server.accepts(first.authorization)
        assert server.accepts(source.token().authorization)


def test_a_lifetime_can_be_left_unsaid_and_the_scope_be_given_unasked() -> None:
    with FakeServer(expires_in=None, scope="read write") as server:
        token = source_of(server).token()

        assert (token.expires_in, token.scope) == (None, "read write")
        assert server.accepts(token.authorization)


@pytest.mark.parametrize(
    "failure",
    [busy(), busy(429), hang_up(), hang_up(midway=True), refusal("server_error")],
)
def test_a_transient_error_is_followed_by_a_token(server: FakeServer, failure: Response) -> None:
    server.answer_next(failure, failure)

    assert server.accepts(source_of(server).token().authorization)
    assert len(server.token_requests) == 3


@pytest.mark.parametrize(
    ("failure", "error", "message"),
    [
        (busy(429, retry_after=300), TokenUnavailable, "in 300 s"),
        (page(), TokenUnavailable, "Sign in"),
        (page(404, "nothing here"), TokenRefused, "404"),
        (refusal("invalid_scope", "No."), TokenRefused, "invalid_scope (No.)"),
        (refusal("unauthorized_client", status=401), TokenRefused, "unauthorized_client"),
    ],
)
def test_a_lasting_trouble_reaches_the_caller(
    server: FakeServer, failure: Response, error: type[Exception], message: str
) -> None:
    with server.answering(failure), pytest.raises(error) as caught:
        source_of(server).token()

    assert message in str(caught.value)
    assert server.accepts(source_of(server).token().authorization)


def test_a_slow_answer_comes_when_it_is_let_go(server: FakeServer) -> None:
    source, came = source_of(server), Event()

    def call() -> None:
        source.token()
        came.set()

    caller = Thread(target=call, daemon=True)

    with server.holding():
        caller.start()
        server.wait_for_token_requests(1)
        assert not came.is_set()
    caller.join(30)

    assert came.is_set()


def test_a_request_that_does_not_come_is_told(server: FakeServer) -> None:
    with pytest.raises(TimeoutError, match="0 of 1"):
        server.wait_for_token_requests(1, timeout=0)
    with pytest.raises(TimeoutError, match="0 of 2"):
        server.wait_for_api_requests(2, timeout=0)


def test_a_crowd_of_threads_makes_one_token_request(server: FakeServer) -> None:
    source = source_of(server)

    with ThreadPoolExecutor(20) as pool:
        tokens = list(pool.map(lambda _: source.token().value, range(20)))

    assert len(set(tokens)) == len(server.token_requests) == 1


def test_async_programs_are_served_from_the_thread_of_their_own_loop(
    server: FakeServer,
) -> None:
    async def main() -> int:
        auth = BearerAuth.sharing(source_of(server))
        async with httpx2.AsyncClient(auth=auth) as client:

            async def chunks() -> AsyncIterator[bytes]:
                yield b"a"
                yield b"bc"

            answer = await client.put(server.api_url, content=chunks())
            return answer.status_code

    assert asyncio.run(main()) == 200
    assert server.api_requests[0].body == b"abc"


def test_a_rotated_secret_is_taken_and_the_old_one_is_not(server: FakeServer) -> None:
    old, both = server.settings, [server.secrets[0], "new"]
    server.secrets[:] = ["new"]

    with pytest.raises(TokenRefused, match="invalid_client"):
        TokenSource(old).token()
    for settings in (replace(old, client_secret=both), server.settings):
        assert server.accepts(TokenSource(settings).token().authorization)


def test_the_environment_says_what_the_settings_say(server: FakeServer) -> None:
    assert ClientSettings.from_env(server.environ) == server.settings


def test_a_server_that_does_not_run_has_no_address() -> None:
    server = FakeServer()

    with pytest.raises(RuntimeError, match="with statement"):
        _ = server.url
    server.close()
    with server as running, running.start() as again:
        assert again.url == server.url


def test_the_clock_goes_forward_only() -> None:
    clock = Clock()
    began = clock()

    clock.advance(2.5)

    assert clock() - began == 2.5
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


def test_the_clock_moves_a_cache_too(tmp_path: Path, server: FakeServer) -> None:
    clock = Clock()

    def token() -> str:
        cache = FileCache(tmp_path / "cache", read_clock=clock.read)
        return TokenSource(server.settings, cache=cache, now=clock).token().value

    first = token()
    assert token() == first
    clock.advance(3600)
    assert token() != first


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(ImportError):
        from gatepass.testing import PretendClient  # noqa: F401
