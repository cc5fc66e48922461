"""The documentation site at /docs/, and the errors that lead to it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import run
from gatepass.wire.credential import Mode
from gatepass.wire.metadata import INTROSPECT, REVOCATIONS, REVOKE, TOKEN
from gatepass.wire.secret import Secret
from server.fixtures import FORM, GRANT, LIVE, TEST, URL, InProcessServer, open_passive_server
from server.serving.fast_path.doors import Door, door
from server_process import free_ports

INDEX = b"<!doctype html><title>Gatepass</title>"
CSS = b"body { color: black }" * 100
SECRET = "outside of the site"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outside = tmp_path_factory.mktemp("docs")
    (outside / "secret.txt").write_text(SECRET)
    site = outside / "site"
    (site / "start").mkdir(parents=True)
    (site / "_static").mkdir()
    (site / "index.html").write_bytes(INDEX)
    (site / "start" / "index.html").write_bytes(INDEX)
    (site / "_static" / "site.css").write_bytes(CSS)
    (site / "searchindex.js").write_text("Search.setIndex({})")
    (site / "icon.svg").write_text("<svg/>")
    (site / "link.txt").symlink_to(outside / "secret.txt")
    (site / "up").symlink_to(outside)
    (site / "inside.html").symlink_to(site / "index.html")
    return site


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Door]:
    with door(tmp_path_factory.mktemp("served") / "data", docs=folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path_factory.mktemp("server") / "data", docs=folder) as server:
        yield server


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/docs/", "text/html; charset=utf-8"),
        ("/docs/index.html", "text/html; charset=utf-8"),
        ("/docs/start/", "text/html; charset=utf-8"),
        ("/docs/inside.html", "text/html; charset=utf-8"),
        ("/docs/_static/site.css", "text/css; charset=utf-8"),
        ("/docs/searchindex.js", "text/javascript; charset=utf-8"),
        ("/docs/icon.svg", "image/svg+xml"),
    ],
)
def test_files_are_served_in_both_environments(
    server: InProcessServer, mode: Mode, path: str, media_type: str
) -> None:
    answer = server.send("GET", path, mode)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type


@pytest.mark.parametrize("path", ["/docs", "/docs/start"])
def test_a_folder_without_its_slash_is_redirected(server: InProcessServer, path: str) -> None:
    answer = server.send("GET", path, follow_redirects=False)

    assert answer.status_code in (307, 308)
    assert answer.headers["location"].removeprefix(URL[LIVE]) == f"{path}/"


@pytest.mark.spec("RFC 9110", "9.3.2")
def test_head_has_no_content(server: InProcessServer) -> None:
    answer = server.send("HEAD", "/docs/")

    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(INDEX)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_allowed(server: InProcessServer, method: str) -> None:
    answer = server.send(method, "/docs/")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_browser_is_told_what_the_site_needs_and_no_more(server: InProcessServer) -> None:
    headers = server.send("GET", "/docs/").headers

    assert "unsafe" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "same-origin"
    assert headers.get_list("cache-control") == ["no-cache"]


@pytest.mark.spec("RFC 9110", "13.1.2")
def test_a_file_that_has_not_changed_is_not_sent_again(server: InProcessServer) -> None:
    first = server.send("GET", "/docs/_static/site.css")
    again = server.send(
        "GET", "/docs/_static/site.css", headers={"If-None-Match": first.headers["etag"]}
    )

    assert first.headers["content-encoding"] == "gzip"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/docs/../secret.txt",
        "/docs/start/../../secret.txt",
        "/docs/%2e%2e/secret.txt",
        "/docs/..%2fsecret.txt",
        "/docs/..\\secret.txt",
        "/docs//secret.txt",
        "/docs//etc/passwd",
        "/docs/link.txt",
        "/docs/up/secret.txt",
        "/docs/index.html%00",
        "/docs/index.html\n",
        "/docs/\x00",
        "/docs/" + "a" * 5000,
        "/docs/nothing.html",
        "/docs/_static/",
        "/docs/\xff",
    ],
)
def test_nothing_but_files_of_the_site_is_served(served: Door, path: str) -> None:
    with served.connect() as line:
        raw = path.encode("latin-1")
        line.say(b"GET " + raw + b" HTTP/1.1\r\nHost: localhost:8000\r\n\r\n")
        answer = line.hear()

    assert answer is not None
    assert answer.status in (400, 404)
    assert SECRET.encode() not in answer.body


def test_a_page_that_is_not_there_is_answered_by_a_page(server: InProcessServer) -> None:
    answer = server.send("GET", "/docs/nothing.html", headers={"Accept": "text/html"})

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"]


def test_by_default_there_is_no_documentation(fresh_server: InProcessServer) -> None:
    assert fresh_server.send("GET", "/docs/").status_code == 404
    assert "error_uri" not in fresh_server.post(TOKEN, data={}).json()


def errors(server: InProcessServer) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield codes with the answers that have them."""
    client = server.register()
    wrong = client.having(Secret("gps_live_wrong"))
    yield "invalid_request", server.post(TOKEN, by=client, data={}).json()
    yield "invalid_client", server.ask(wrong).json()
    yield "invalid_scope", server.ask(client, scope="admin").json()
    yield "invalid_target", server.ask(client, resource="https://nothing.example").json()
    yield (
        "unsupported_grant_type",
        server.post(TOKEN, by=client, data={"grant_type": "password"}).json(),
    )
    yield "invalid_request", server.send("GET", TOKEN).json()
    yield "invalid_request", server.send("GET", "/oauth2/nothing").json()
    yield "invalid_request", server.post("/.well-known/jwks.json").json()
    yield "invalid_client", server.post(REVOKE, data={"token": "x"}).json()
    bearer = {"Authorization": "Bearer x"}
    yield "invalid_token", server.post(INTROSPECT, headers=bearer, data={"token": "x"}).json()
    yield "invalid_token", server.send("GET", REVOCATIONS, headers=bearer).json()


@pytest.mark.spec("RFC 6749", "5.2")
def test_an_error_leads_to_the_section_of_its_code(server: InProcessServer) -> None:
    page = f"{URL[LIVE]}/docs/reference/errors.html"

    for code, answer in errors(server):
        assert (answer["error"], answer["error_uri"]) == (code, f"{page}#{code}")


def test_an_error_leads_into_the_environment_that_was_asked(server: InProcessServer) -> None:
    answer = server.post(TOKEN, TEST, data={}).json()

    assert answer["error_uri"].startswith(f"{URL[TEST]}/docs/")


def test_a_failed_authentication_leads_to_one_place_whatever_the_reason(
    server: InProcessServer,
) -> None:
    client, other = server.register(), server.register(TEST)
    answers = [
        server.ask(client.having(Secret("gps_live_wrong"))),
        server.ask(client.having(Secret(""))),
        server.ask(other),
        server.post(TOKEN, data=GRANT | {"client_id": "unknown", "client_secret": "x"}),
    ]

    assert len({answer.content for answer in answers if answer.status_code == 401}) == 1


def test_both_doors_send_the_same_bytes(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("doors") / "data"
    bodies = (b"", b"grant_type=client_credentials", b"grant_type=x&client_id=a&client_secret=b")
    asked = [
        b"POST %s HTTP/1.1\r\nHost: localhost:8000\r\nContent-Type: %s\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (path.encode(), FORM.encode(), len(body), body)
        for path in (TOKEN, INTROSPECT, REVOKE)
        for body in bodies
    ]
    with door(data, docs=folder) as fast, door(data, fast_path=False, docs=folder) as asgi:
        one, other = play(fast, asked), play(asgi, asked)

    assert fast.by_fast_path
    assert one == other
    assert all("error_uri" in json.loads(body) for *_, body in one)


def play(opened: Door, asked: list[bytes]) -> list[tuple[bytes, list[tuple[bytes, ...]], bytes]]:
    found = []
    with opened.connect() as line:
        for request in asked:
            line.say(request)
            line.hear()  # what it looked up is in memory from now on
            line.say(request)
            answer = line.hear()
            assert answer is not None
            headers = [pair for pair in answer.headers if pair[0] != b"date"]
            found.append((answer.line, headers, answer.body))
    return found


@pytest.mark.slow
def test_a_folder_without_a_site_is_named_at_the_start(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = run(
        "serve",
        "--data",
        tmp_path / "data",
        "--port",
        str(free_ports()),
        variables={"GATEPASS_DOCS": str(empty)},
    )

    assert ended.status == 1
    assert f"The folder {empty} (docs) has no site in it" in ended.err
