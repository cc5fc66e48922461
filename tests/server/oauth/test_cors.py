"""Pages of other origins at the token endpoint: nothing without the setting, and its origins."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepass.server.configuration.settings import SettingsError, load
from gatepass.wire.metadata import INTROSPECT, REVOKE, TOKEN
from server.fixtures import (
    GRANT,
    Client,
    InProcessServer,
    new_clock,
    open_passive_server,
    raw_basic,
    refused,
)
from server.serving.fast_path.doors import Line, door

PAGE = "https://tool.example.com"
OTHER = "https://evil.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
ACCESS_CONTROL = "access-control-"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    data: Path = tmp_path_factory.mktemp("shared") / "data"
    with open_passive_server(
        data, token_origins=(PAGE,), path_aliases={"token": ["/o/token/"]}
    ) as server:
        yield server


@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
def test_without_the_setting_no_page_is_answered(server: InProcessServer, path: str) -> None:
    answer = server.send("OPTIONS", path, headers={"Origin": PAGE, **PREFLIGHT})

    assert refused(answer) == (405, "invalid_request")
    assert not [name for name in answer.headers if name.startswith(ACCESS_CONTROL)]


@pytest.mark.spec("RFC 9110", "9.3.7")
@pytest.mark.parametrize("path", [TOKEN, TOKEN.rstrip("/"), "/o/token/", "/o/token"])
def test_a_page_of_an_allowed_origin_may_ask_for_tokens(shared: InProcessServer, path: str) -> None:
    asked = shared.send("OPTIONS", path, headers={"Origin": PAGE, **PREFLIGHT})
    given = shared.post(path, by=shared.register(), data=GRANT, headers={"Origin": PAGE})

    assert (asked.status_code, asked.content) == (204, b"")
    assert asked.headers["access-control-allow-methods"] == "POST"
    assert asked.headers["access-control-allow-headers"] == "authorization, content-type, dpop"
    assert given.json()["access_token"]
    for answer in (asked, given):
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in answer.headers


def test_it_may_read_why_it_is_refused(shared: InProcessServer) -> None:
    answer = shared.post(TOKEN, data=GRANT, headers={"Origin": PAGE})

    assert refused(answer) == (401, "invalid_client")
    assert answer.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    "origin",
    [OTHER, "null", "*", "", f"{PAGE}.evil.example", f"{PAGE}:444", "http://tool.example.com"],
)
def test_a_page_of_another_origin_may_not(shared: InProcessServer, origin: str) -> None:
    for method in ("OPTIONS", "POST"):
        answer = shared.send(method, TOKEN, headers={"Origin": origin, **PREFLIGHT})
        assert not [name for name in answer.headers if name.startswith(ACCESS_CONTROL)]


def test_two_origins_are_none(shared: InProcessServer) -> None:
    headers = [("Origin", PAGE), ("Origin", PAGE), *PREFLIGHT.items()]
    answer = shared.send("OPTIONS", TOKEN, headers=headers)

    assert not [name for name in answer.headers if name.startswith(ACCESS_CONTROL)]


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT, "/oauth2/applications/"])
def test_the_setting_is_about_the_token_endpoint_alone(shared: InProcessServer, path: str) -> None:
    for method in ("OPTIONS", "POST"):
        answer = shared.send(method, path, headers={"Origin": PAGE, **PREFLIGHT})
        assert not [name for name in answer.headers if name.startswith(ACCESS_CONTROL)]


@pytest.mark.spec("RFC 9110", "15.5.6")
def test_another_method_is_told_what_is_taken(shared: InProcessServer) -> None:
    answer = shared.send("PUT", TOKEN)

    assert refused(answer) == (405, "invalid_request")
    assert answer.headers["allow"] == "POST, OPTIONS"


def test_both_doors_share_alike(tmp_path: Path) -> None:
    data, clock = tmp_path / "data", new_clock()
    given = {"token_origins": (PAGE,)}
    with door(data, clock, **given) as fast, door(data, clock, fast_path=False, **given) as slow:
        client = fast.server.register()
        seen = []
        for each in (fast, slow):
            with each.connect() as line:
                seen.append([_ask(line, client, origin) for origin in (PAGE, OTHER, None)])
        assert fast.by_fast_path == 1  # a request without Origin stays on the fast path

    assert seen[0] == seen[1]
    assert [each[0] for each in seen[0]] == [PAGE.encode(), None, None]


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://*.example.com",
        f"{PAGE}/",
        f"{PAGE}/path",
        f"{PAGE}:443",
        "http://tool.example.com:80",
        "https://Tool.example.com",
        "tool.example.com",
        "ftp://tool.example.com",
    ],
)
def test_what_is_no_origin_is_refused_in_words(tmp_path: Path, origin: str) -> None:
    with pytest.raises(SettingsError, match=r"token_origins.*is not an origin"):
        load(data=tmp_path, token_origins=(origin,))


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:3000", "https://[::1]:8443"])
def test_an_origin_is_taken(tmp_path: Path, origin: str) -> None:
    assert load(data=tmp_path, token_origins=(origin,)).token_origins == (origin,)


def _ask(line: Line, client: Client, origin: str | None) -> tuple[bytes | None, bytes | None, str]:
    body = b"grant_type=client_credentials"
    basic = raw_basic(f"{client.client_id}:{client.secret.value}".encode())
    head = [
        "POST /oauth2/token/ HTTP/1.1",
        "Host: localhost:8000",
        f"Authorization: {basic}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        *([f"Origin: {origin}"] if origin else []),
    ]
    line.say("\r\n".join([*head, "", ""]).encode() + body)
    answer = line.hear()
    assert answer
    return (
        answer.header(b"access-control-allow-origin"),
        answer.header(b"vary"),
        json.loads(answer.body)["scope"],
    )
