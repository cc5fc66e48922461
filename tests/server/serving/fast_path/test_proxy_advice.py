"""What a server behind a proxy that is set up wrongly tells its operator, at both doors."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs

from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.testing import Clock
from server.fixtures import new_clock, raw_basic
from server.serving.fast_path.doors import Door, door
from server.serving.fast_path.requests import Ask

pytestmark = pytest.mark.slow  # each test starts a server with settings of its own

HOST = "app.example.com"
_PORTED = "https://sandbox.example.com:8443"
_VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "proxy_advice.json").read_text())
_WRONG = raw_basic(b"nobody:wrong")
_EVENTS = {400: "request.plain_http", 421: "request.unknown_host"}


class Pair(NamedTuple):
    """A server with the fast path and one without, that trust the same proxies."""

    doors: tuple[Door, Door]
    clock: Clock


@pytest.fixture(scope="module", params=_VECTORS)
def trusting(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Pair]]:
    data, clock = tmp_path_factory.mktemp("advice") / "data", new_clock()
    given: dict[str, Any] = {
        "production": EnvironmentSettings(hosts=(HOST,)),
        "sandbox": EnvironmentSettings(hosts=("sandbox.example.com:8443",), issuer=_PORTED),
        **_VECTORS[request.param]["settings"],
    }
    with door(data, clock, **given) as fast, door(data, clock, fast_path=False, **given) as asgi:
        yield request.param, Pair((fast, asgi), clock)


def asked(each: Door, host: str, *headers: Sequence[str]) -> tuple[int, list[dict[str, Any]]]:
    """Return the status of a token request that only proxies can spoil, and what was logged."""
    more = tuple((name, value) for name, value in headers)
    with each.connect() as line, capture_logs() as logged:
        line.say(Ask(host=(host,), authorization=(_WRONG,), more=more).raw())
        response = line.hear()
    assert response
    return response.status, [dict(entry) for entry in logged]


def test_the_log_names_what_came_from_whom_and_the_setting_that_makes_it_right(
    trusting: tuple[str, Pair],
) -> None:
    group, pair = trusting
    for name, case in _VECTORS[group]["cases"].items():
        pair.clock.advance(61)
        for each in pair.doors:
            status, logged = asked(each, case.get("host", HOST), *case["headers"])

            assert status == case["status"], name
            [told] = logged
            assert told["log_level"] == "warning"
            assert told["event"] == _EVENTS[status]
            assert told["peer"] == "127.0.0.1"
            assert told["header"] == case["header"], name
            assert told["value"] == case["value"], name
            assert told["setting"] == case["setting"], name
            assert case["advice"] in told["advice"], name


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    data, clock = tmp_path_factory.mktemp("served") / "data", new_clock()
    given: dict[str, Any] = {
        "production": EnvironmentSettings(hosts=(HOST,)),
        "sandbox": EnvironmentSettings(hosts=("sandbox.example.com:8443",), issuer=_PORTED),
        "trusted_proxies": ("127.0.0.1",),
    }
    with door(data, clock, **given) as fast, door(data, clock, fast_path=False, **given) as asgi:
        yield Pair((fast, asgi), clock)


@pytest.mark.spec("RFC 3986", "6.2.3")
@pytest.mark.spec("RFC 9110", "4.2.3")
@pytest.mark.parametrize(
    "host",
    [
        HOST,
        "App.Example.COM",
        f"{HOST}:443",
        f"{HOST}.",
        f"{HOST}.:443",
        "sandbox.example.com:8443",
        "sandbox.example.com",
        "SANDBOX.example.com.",
    ],
)
def test_every_spelling_of_a_host_is_served_and_nothing_is_logged_of_it(
    served: Pair, host: str
) -> None:
    for each in served.doors:
        status, logged = asked(each, host, ("X-Forwarded-Proto", "https"))

        assert status in {401, 429}
        assert not {entry["event"] for entry in logged} & {*_EVENTS.values()}


def test_a_peer_is_named_once_a_minute_for_each_kind(served: Pair) -> None:
    served.clock.advance(61)
    for each in served.doors:
        events = []
        for _ in range(3):
            for host in (HOST, "other.example.com"):
                events += [entry["event"] for entry in asked(each, host)[1]]

        assert sorted(events) == sorted(_EVENTS.values())
    served.clock.advance(61)

    assert [entry["event"] for entry in asked(served.doors[0], HOST)[1]] == [_EVENTS[400]]


def test_nothing_is_logged_of_health_checks_and_of_envoys_path_by_any_host(served: Pair) -> None:
    served.clock.advance(61)
    for each in served.doors:
        for path in ("/healthz", "/readyz", "/metrics"):
            with each.connect() as line, capture_logs() as logged:
                line.say(Ask(method="GET", path=path, host=("10.0.0.7:8000",), body=b"").raw())
                assert line.hear()
            assert logged == []


def test_no_header_fills_the_log_or_brings_a_secret_into_it(served: Pair) -> None:
    served.clock.advance(61)
    secrets = (
        ("Authorization", "Bearer hush"),
        ("Cookie", "hush"),
        ("X-Forwarded-Proto", "x" * 4000),
    )
    with served.doors[1].connect() as line, capture_logs() as logged:
        line.say(Ask(host=(HOST,), method="GET", body=b"", more=secrets).raw())
        assert line.hear()
    [told] = logged

    assert told["value"] == "x" * 200
    assert "hush" not in str(told)
