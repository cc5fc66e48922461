"""The access log: one line for each request, the same from both doors, without secrets."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs

from gatepass.server import run
from gatepass.server.observability.access_log import safe_path
from gatepass.server.serving.fast_path.protocol import FastPathProtocol
from gatepass.testing import Clock
from server.fixtures import TEST, new_clock, raw_basic, settings
from server.serving.fast_path.doors import Door, door
from server.serving.fast_path.requests import Ask, People, ten_thousand

pytestmark = pytest.mark.slow

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
EVERY = 4  # of the ten thousand requests
STEP = 3.0  # seconds between them, so that failures do not all end as 429
GET: dict[str, Any] = {"method": "GET", "body": b"", "content_type": (), "length": ()}

Event = Mapping[str, Any]


class Doors(NamedTuple):
    fast: Door
    asgi: Door
    clock: Clock
    people: People


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    data: Path = tmp_path_factory.mktemp("access") / "data"
    clock = new_clock()
    given = {"access_log": True, "trusted_proxies": ("127.0.0.1",)}
    with door(data, clock, **given) as fast, door(data, clock, fast_path=False, **given) as asgi:
        one, other = fast.server.register(), fast.server.register()
        sandboxed = fast.server.register(TEST)
        tokens = (
            fast.server.token(one),
            fast.server.token(other, scope="read"),
            fast.server.token(sandboxed, TEST),
        )
        yield Doors(fast, asgi, clock, People(one, other, sandboxed, tokens))


def ask(at: Door, what: Ask) -> list[Event]:
    """Send a request over a connection of its own, and return the lines of the access log."""
    with capture_logs() as logged, at.connect() as line:
        line.say(what.raw())
        while (response := line.hear(to_head=what.method == "HEAD")) and response.status < 200:
            pass
        at.rest()
    return [each for each in logged if each["event"] == "request.served"]


def only(at: Door, what: Ask) -> Event:
    [line] = ask(at, what)
    return line


def by(client: Any, **given: Any) -> Ask:  # noqa: ANN401 - a Client
    basic = raw_basic(f"{client.client_id}:{client.secret.value}".encode())
    return Ask(authorization=(basic,), **given)


def comparable(line: Event) -> Event:
    """Return a line without its time, and without the length of a token."""
    has_token = line["endpoint"] == "token" and line["status"] == 200
    return {**line, "seconds": 0, "bytes": 0 if has_token else line["bytes"]}


def test_both_doors_write_the_same_lines(doors: Doors) -> None:
    unlike, answered = [], 0
    for number, (name, what) in enumerate(ten_thousand(doors.people)):
        if number % EVERY or what.is_framed_oddly or not what.is_whole:
            continue
        doors.clock.advance(STEP)
        lines = [[comparable(each) for each in ask(at, what)] for at in (doors.fast, doors.asgi)]
        answered += len(lines[0])
        if lines[0] != lines[1]:
            unlike.append((name, lines))

    assert unlike == []
    assert answered > 10_000 / EVERY / 2
    assert doors.fast.by_fast_path > answered / 4
    assert doors.asgi.by_fast_path == 0


@pytest.fixture(params=["fast", "asgi"])
def at(request: pytest.FixtureRequest, doors: Doors) -> Door:
    chosen: Door = getattr(doors, request.param)
    return chosen


def test_a_line_says_who_asked_what_and_how_it_ended(doors: Doors, at: Door) -> None:
    more = (("X-Forwarded-For", "192.0.2.9"), ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"))
    line = dict(only(at, by(doors.people.one, more=more)))

    assert 0 < line.pop("seconds") < 60
    assert line.pop("bytes") > 100
    assert line == {
        "event": "request.served",
        "log_level": "info",
        "environment": "production",
        "endpoint": "token",
        "method": "POST",
        "path": "/oauth2/token/",
        "status": 200,
        "source": "192.0.2.9",
        "client_id": doors.people.one.client_id,
        "trace_id": TRACE,
    }


@pytest.mark.parametrize("secret", ["gps_live_wrong", ""])
def test_a_failed_credential_has_no_client_id(doors: Doors, at: Door, secret: str) -> None:
    doors.clock.advance(100)
    client_id = doors.people.one.client_id
    basic = raw_basic(f"{client_id}:{secret}".encode())

    line = only(at, Ask(authorization=(basic,)))
    assert line["status"] == 401
    assert client_id not in str(line)


def test_a_page_that_does_not_authenticate_names_no_client(doors: Doors, at: Door) -> None:
    line = only(at, by(doors.people.one, path="/accounts/login/", **GET))

    assert (line["status"], line["endpoint"]) == (200, "portal")
    assert "client_id" not in line


def test_an_access_token_names_its_client_where_it_was_accepted(doors: Doors, at: Door) -> None:
    application, token = doors.people.one.application, doors.people.tokens[0]
    bearer = {"authorization": (f"Bearer {token}",), **GET}
    accepted = only(at, Ask(path=f"/api/partners/v2.0/org/{application.org_id}", **bearer))
    verified = only(at, Ask(path="/oauth2/verify/", **bearer))
    refused = only(at, Ask(path="/oauth2/verify/?scope=admin", **bearer))
    wrong = only(at, Ask(path="/oauth2/verify/", **{**bearer, "authorization": ("Bearer x",)}))

    assert (accepted["status"], accepted["client_id"]) == (200, application.client_id)
    assert (verified["status"], verified["client_id"]) == (200, application.client_id)
    for line in (refused, wrong):
        assert line["status"] >= 400
        assert "client_id" not in line


def test_no_query_and_no_token_in_a_path_is_written(doors: Doors, at: Door) -> None:
    token, secret = doors.people.tokens[0], doors.people.one.secret.value
    jwt = f"eyJhbGciOiJSUzI1NiJ9.{'e30' * 30}.{'c2ln' * 20}"
    for path in (
        f"/nothing/{token}/x?token={token}",
        f"/nothing/{secret}?a={secret}",
        f"/nothing/{jwt}",
        f"/oauth2/token/{token}",
        f"/oauth2/verify/envoy/production/scope=read/{token}?key={token}",
        f"/oauth2/token/?client_secret={secret}",
    ):
        line = str(only(at, Ask(path=path, **GET)))
        assert token[12:40] not in line
        assert secret[12:30] not in line
        assert jwt[5:30] not in line
        assert "?" not in line


def test_an_unknown_host_has_no_environment(at: Door) -> None:
    line = only(at, Ask(host=("elsewhere.example",)))

    assert line["status"] == 421
    assert "environment" not in line


def test_a_head_request_has_no_bytes(at: Door) -> None:
    line = only(at, Ask(path="/healthz", **{**GET, "method": "HEAD"}))

    assert (line["method"], line["status"], line["bytes"]) == ("HEAD", 200, 0)


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/oauth2/applications/0190b1c2-0000-7000-8000-000000000001/", None),
        ("/a/GPS_LIVE_abc/b", "/a/[redacted]/b"),
        ("/a/xgpa_test_abc/b", "/a/[redacted]/b"),
        ("/" + "a" * 40, None),
        ("/" + "a" * 41, "/[redacted]"),
        ("/a\x1b[31m", "[redacted]"),
        ("/a\n", "[redacted]"),
        ("/\xe4", "/\\xe4"),
        ("/a/" * 100, ("/a/" * 100)[:200]),
        ("", None),
    ],
)
def test_a_path_is_written_without_what_may_be_a_token(path: str, written: str | None) -> None:
    assert safe_path(path) == (path if written is None else written)


def test_without_the_setting_nothing_of_it_is_in_the_way_of_a_request(tmp_path: Path) -> None:
    off = run.config(settings(tmp_path / "off", access_log=False))
    off.load()
    made: Any = off.http
    with door(tmp_path / "data") as plain, capture_logs() as logged, plain.connect() as line:
        line.say(by(plain.server.register()).raw())
        assert line.hear()

    assert made.func is FastPathProtocol
    assert type(plain.config.loaded_app).__name__ == "Gatepass"
    assert [each for each in logged if each["event"] == "request.served"] == []
