"""Errors outside the endpoints: JSON for programs, text and pages for people."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepass.wire.metadata import PARTNER_API
from server.fixtures import InProcessServer, open_passive_server, refused
from server.serving.fast_path.doors import door

PROBLEM = {"type", "title", "status", "detail", "errors"}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OAUTH_PATHS = [
    "/.well-known/nothing",
    "/.well-known/",
    "/.well-known",
    "/oauth2/nothing",
    "/oauth2/nothing/",
    "/oauth2/applications/not-a-uuid/nothing/",
    "/oauth2",
    "/o/nothing",
]
API_PATHS = ["/api/nothing", "/api/", "/api", f"{PARTNER_API}x", f"{PARTNER_API}/nothing"]


@pytest.fixture(scope="module")
def aliased(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    data: Path = tmp_path_factory.mktemp("aliased") / "data"
    with open_passive_server(data, path_aliases={"token": ["/o/token/"]}) as server:
        yield server


@pytest.mark.spec("RFC 9110", "15.5.5")
@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
@pytest.mark.parametrize("path", OAUTH_PATHS)
def test_a_program_gets_json_where_there_is_no_oauth_path(
    aliased: InProcessServer, path: str, accept: str
) -> None:
    answer = aliased.send("GET", path, headers={"Accept": accept})

    assert refused(answer) == (404, "invalid_request")


@pytest.mark.spec("RFC 9457", "3.1")
@pytest.mark.parametrize("path", API_PATHS)
def test_a_program_gets_a_problem_document_where_there_is_no_call(
    aliased: InProcessServer, path: str
) -> None:
    answer = aliased.send("GET", path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert set(answer.json()) == PROBLEM


@pytest.mark.parametrize("path", [*OAUTH_PATHS, "/api/nothing", "/nothing"])
def test_a_browser_gets_a_page_where_there_is_nothing(aliased: InProcessServer, path: str) -> None:
    answer = aliased.send("GET", path, headers={"Accept": BROWSER})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.spec("RFC 9110", "15.5.6")
def test_a_method_that_a_page_does_not_take_is_told_to_a_program_in_json(
    server: InProcessServer,
) -> None:
    answer = server.send("PUT", "/oauth2/applications/")

    assert refused(answer) == (405, "invalid_request")
    assert "GET" in answer.headers["allow"]


@pytest.mark.spec("RFC 9110", "15.5.20")
@pytest.mark.parametrize("path", ["/oauth2/token/", *OAUTH_PATHS])
def test_an_unknown_host_is_told_to_a_program_in_json(aliased: InProcessServer, path: str) -> None:
    answer = aliased.send("POST", path, headers={"Host": "elsewhere.example"})

    assert refused(answer) == (421, "invalid_request")


@pytest.mark.spec("RFC 9110", "15.5.20")
@pytest.mark.parametrize("path", API_PATHS)
def test_an_unknown_host_is_a_problem_document_at_the_api(
    aliased: InProcessServer, path: str
) -> None:
    answer = aliased.send("GET", path, headers={"Host": "elsewhere.example"})

    assert (answer.status_code, answer.headers["content-type"]) == (421, "application/problem+json")
    assert set(answer.json()) == PROBLEM


@pytest.mark.parametrize("path", ["/oauth2/token/", "/.well-known/x", "/api/x", "/"])
def test_an_unknown_host_is_told_to_a_browser_in_text(aliased: InProcessServer, path: str) -> None:
    headers = {"Host": "elsewhere.example", "Accept": BROWSER}
    answer = aliased.send("GET", path, headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (
        421,
        "text/plain; charset=utf-8",
    )


def test_http_where_https_is_due_is_a_problem_document_at_the_api(tmp_path: Path) -> None:
    production = {"hosts": ("localhost:8000",), "issuer": "https://app.example.com"}
    with open_passive_server(tmp_path / "data", production=production) as server:
        answer = server.send("GET", f"{PARTNER_API}/docs")

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert set(answer.json()) == PROBLEM


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /api/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /api/" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /api/x HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501),
    ],
)
def test_what_ends_a_connection_is_a_problem_document(
    tmp_path: Path, raw: bytes, status: int
) -> None:
    with door(tmp_path / "data") as opened, opened.connect() as line:
        line.say(raw)
        answer = line.hear()

    assert answer
    assert answer.status == status
    assert answer.header(b"content-type") == b"application/problem+json"
    assert set(json.loads(answer.body)) == PROBLEM


@pytest.mark.parametrize("path", ["/healthz", "/healthz/", "/readyz", "/readyz/"])
def test_health_is_told_with_and_without_the_slash(server: InProcessServer, path: str) -> None:
    answer = server.send("GET", path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["status"] == ("ok" if "health" in path else "ready")
    assert server.send("POST", path).status_code == 405
