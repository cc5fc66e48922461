"""The whole server: which environment and which way a request takes, and bad manners."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from gatepass.server.app import create
from gatepass.server.domain.throttling.hourly_limit import HOUR, MOST_LINES, HourlyLimit
from gatepass.server.domain.usage import store as usage
from gatepass.server.environment import maintenance
from gatepass.wire.metadata import INTROSPECT, REVOKE, TOKEN
from server.fixtures import (
    FORM,
    GRANT,
    TEST,
    Client,
    InProcessServer,
    basic,
    new_clock,
    open_passive_server,
    refused,
    settings,
)

Message = dict[str, Any]
ALIASES = {
    "token": ["/o/token/", "/connect/token"],
    "revocation": ["/o/revoke_token/", "/oauth2/revoke"],
    "introspection": ["/o/introspect", "/oauth2/introspection"],
}
BODY = b"grant_type=client_credentials"


def scope_of(by: Client, **more: object) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": TOKEN,
        "scheme": "http",
        "query_string": b"",
        "client": ("192.0.2.7", 50000),
        "headers": [
            (b"host", b"localhost:8000"),
            (b"content-type", FORM.encode()),
            (b"authorization", basic(by.client_id, by.secret.value).encode()),
        ],
        **more,
    }


def drive(
    server: InProcessServer, scope: dict[str, Any], receive: Callable[[], Awaitable[Message]]
) -> list[Message]:
    """Return what the server sends to a client whose messages `receive` gives."""
    sent: list[Message] = []

    async def send(message: Any) -> None:  # noqa: ANN401 - as ASGI has it
        sent.append(message)

    asyncio.run(server.app(scope, receive, send))
    return sent


def saying(messages: Iterator[Message]) -> Callable[[], Awaitable[Message]]:
    async def receive() -> Message:
        return next(messages)

    return receive


def part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.spec("RFC 9110", "15.5.20")
@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:9000", "example.com", "", "localhost:8000.example.com", "\u00e4"],
)
@pytest.mark.parametrize("path", [TOKEN, "/", "/.well-known/oauth-authorization-server"])
def test_an_unknown_host_is_misdirected(
    server: InProcessServer, client: Client, host: str, path: str
) -> None:
    answer = server.post(path, by=client, data=GRANT, headers={b"Host": host.encode()})

    assert answer.status_code == 421
    assert "access_token" not in answer.text


@pytest.mark.parametrize(
    "host",
    ["localhost:8000", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "app.localhost:8000"],
)
def test_every_host_of_an_environment_leads_to_it(
    server: InProcessServer, client: Client, host: str
) -> None:
    answer = server.post(TOKEN, by=client, data=GRANT, headers={"Host": host})

    assert answer.status_code == 200


def test_the_host_alone_chooses_the_environment(server: InProcessServer, client: Client) -> None:
    sandboxed = server.register(TEST)

    def ask(by: Client, host: str) -> int:
        return server.post(TOKEN, by=by, data=GRANT, headers={"Host": host}).status_code

    assert ask(client, "app.localhost:8000") == ask(sandboxed, "sandbox-app.localhost:8000") == 200
    assert ask(sandboxed, "app.localhost:8000") == ask(client, "sandbox-app.localhost:8000") == 401


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.spec("ASVS", "4.1.2")
@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT, "/accounts/login/"])
def test_plain_http_is_refused_and_not_redirected_where_the_issuer_is_https(
    tmp_path: Path, path: str
) -> None:
    production = {"hosts": ("app.example.com",)}
    with open_passive_server(tmp_path / "data", production=production) as server:
        client = server.register()
        for base_url, status in (("http://app.example.com", 400), ("https://app.example.com", 200)):
            http = TestClient(server.app, base_url=base_url, follow_redirects=False)
            header = {"Authorization": basic(client.client_id, client.secret.value)}
            form = GRANT | {"token": "x"}
            answer = (
                http.post(path, data=form, headers=header)
                if path != "/accounts/login/"
                else http.get(path)
            )

            assert answer.status_code == status
            assert "location" not in answer.headers
            if status == 400:
                assert refused(answer) == (400, "invalid_request")


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize("header", ["X-Forwarded-Proto", "Forwarded", "X-Forwarded-Ssl"])
def test_a_client_cannot_claim_to_have_come_by_https(tmp_path: Path, header: str) -> None:
    with open_passive_server(
        tmp_path / "data", production={"hosts": ("app.example.com",)}
    ) as server:
        http = TestClient(server.app, base_url="http://app.example.com")
        claims = {
            header: {"Forwarded": "proto=https", "X-Forwarded-Ssl": "on"}.get(header, "https")
        }

        assert refused(http.post(TOKEN, data=GRANT, headers=claims)) == (400, "invalid_request")


def test_health_is_told_whatever_the_host(server: InProcessServer) -> None:
    http = TestClient(server.app, base_url="http://10.0.0.1:8000")

    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").json() == {"status": "ready", "production": "ok", "sandbox": "ok"}


@pytest.mark.spec("ASVS", "16.5.1")
def test_of_a_body_that_is_too_long_no_more_than_80_kib_is_taken(
    server: InProcessServer, client: Client
) -> None:
    taken = 0

    def long() -> Iterator[Message]:
        nonlocal taken
        for taken in range(1, 1001):
            yield part(b"x" * 16 * 1024, more=taken < 1000)

    sent = drive(server, scope_of(client), saying(long()))

    assert sent[0]["status"] == 413
    assert taken == 5


@pytest.mark.parametrize("size", [1, 7])
def test_a_body_may_come_in_pieces(server: InProcessServer, client: Client, size: int) -> None:
    pieces = [BODY[at : at + size] for at in range(0, len(BODY), size)]
    messages = [part(piece, more=True) for piece in pieces] + [part(b"", more=False)]

    assert drive(server, scope_of(client), saying(iter(messages)))[0]["status"] == 200


@pytest.mark.spec("ASVS", "16.5.3")
@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_client_that_goes_away_is_no_error(
    server: InProcessServer, client: Client, before: int
) -> None:
    messages = [part(BODY, more=True)] * before + [{"type": "http.disconnect"}]
    with capture_logs() as logged:
        sent = drive(server, scope_of(client), saying(iter(messages)))

    assert sent == []
    assert logged == []


def test_a_slow_client_keeps_nobody_waiting(server: InProcessServer, client: Client) -> None:
    async def play() -> tuple[list[Message], list[Message]]:
        go_on = asyncio.Event()
        slow_sent: list[Message] = []
        quick_sent: list[Message] = []

        async def slowly() -> AsyncIterator[Message]:
            yield part(BODY[:5], more=True)
            await go_on.wait()
            yield part(BODY[5:], more=False)

        messages = slowly()

        async def slow() -> Message:
            return await anext(messages)

        async def quick() -> Message:
            return part(BODY, more=False)

        async def send_slow(message: Any) -> None:  # noqa: ANN401
            slow_sent.append(message)

        async def send_quick(message: Any) -> None:  # noqa: ANN401
            quick_sent.append(message)

        waiting = asyncio.create_task(server.app(scope_of(client), slow, send_slow))
        await server.app(scope_of(client), quick, send_quick)
        assert slow_sent == []
        go_on.set()
        await waiting
        return slow_sent, quick_sent

    for sent in asyncio.run(play()):
        assert sent[0]["status"] == 200


@pytest.mark.spec("ASVS", "16.5.1")
def test_a_bug_is_answered_blandly_and_told_to_the_log(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    environment = fresh_server.environment()
    fresh_server.token(client)
    environment.state.__dict__.pop("keys")  # what no run of the server can bring about
    with capture_logs() as logged:
        answer = fresh_server.ask(client)

    assert refused(answer) == (500, "server_error")
    assert "keys" not in answer.text
    assert [event["event"] for event in logged] == ["request.failed"]


def test_a_refusal_is_logged_with_who_where_and_why(
    server: InProcessServer, client: Client
) -> None:
    with capture_logs() as logged:
        server.ask(client, scope="admin")

    assert logged == [
        {
            "event": "client.refused",
            "log_level": "warning",
            "environment": "production",
            "path": TOKEN,
            "source": "192.0.2.7",
            "error": "invalid_scope",
            "status": 400,
            "reason": "scope not allowed: admin",
            "client_id": client.client_id,
        }
    ]


def test_a_flood_of_refusals_leaves_a_few_log_lines_and_their_number(
    fresh_server: InProcessServer,
) -> None:
    client, environment = fresh_server.register(), fresh_server.environment()
    environment.context = replace(environment.context, log_limit=HourlyLimit(MOST_LINES))
    with capture_logs() as logged:
        for _ in range(MOST_LINES + 9):
            fresh_server.ask(client, scope="admin")
        fresh_server.clock.advance(HOUR)
        maintenance.keep_bounds(environment)
        maintenance.keep_bounds(environment)

    events = Counter(each["event"] for each in logged)
    assert events == {"client.refused": MOST_LINES, "log.suppressed": 1}
    assert (logged[-1]["of"], logged[-1]["times"]) == ("client.refused", 9)
    maintenance.flush(environment)
    with environment.database.read() as connection:
        (shown,) = usage.recent(connection, client.application.id)
    assert shown.times == MOST_LINES + 9


def test_a_server_that_cannot_open_its_database_says_so_and_does_not_start(
    tmp_path: Path,
) -> None:
    clock = new_clock()
    broken = InProcessServer(create(settings(tmp_path), clock), clock, tmp_path)
    (tmp_path / "production.sqlite3").mkdir()
    with capture_logs() as logged:
        sent = drive(broken, {"type": "lifespan"}, saying(iter([{"type": "lifespan.startup"}])))

    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert [event["event"] for event in logged] == ["start.failed"]


@pytest.fixture(scope="module")
def also(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    """A Gatepass with path aliases."""
    with open_passive_server(
        tmp_path_factory.mktemp("also") / "data", path_aliases=ALIASES
    ) as opened:
        yield opened


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("path", "member"),
    [
        *(("/oauth2/token", "access_token"), ("/oauth2/introspect", "active")),
        *(("/o/token", "access_token"), ("/connect/token", "access_token")),
        *(("/o/introspect", "active"), ("/oauth2/introspection", "active")),
    ],
)
def test_the_oauth_endpoints_answer_at_the_aliases_of_the_settings(
    also: InProcessServer, path: str, slash: str, member: str
) -> None:
    answer = also.post(f"{path}{slash}", by=also.register(), data=GRANT | {"token": "x"})

    assert answer.status_code == 200
    assert member in answer.json()


@pytest.mark.parametrize("path", [REVOKE, "/o/revoke_token/", "/oauth2/revoke", "/oauth2/revoke/"])
def test_a_token_is_revoked_at_an_alias(also: InProcessServer, path: str) -> None:
    client = also.register()
    token = also.token(client)
    assert also.post(path, by=client, data={"token": token}).status_code == 200

    assert also.post("/o/introspect/", by=client, data={"token": token}).json() == {"active": False}


@pytest.mark.parametrize(
    "path",
    ["/o/", "/o/applications/", "/o/verify/", "/oauth2/token/info/", "/o//token/", "/p/token/"],
)
def test_nothing_else_answers_there(also: InProcessServer, path: str) -> None:
    assert also.post(path, by=also.register(), data=GRANT).status_code == 404


def test_without_the_setting_no_other_path_answers(server: InProcessServer) -> None:
    assert server.post("/o/token/", data=GRANT).status_code == 404
