"""Behind a proxy both doors see the same scheme and address, and believe nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gatepass.server.settings import EnvironmentSettings
from server.lane.doors import Door, door
from server.lane.requests import Ask, Headers
from server.stand import Clock, raw_basic

_HOST = "gate.example.com"
_HTTPS = ("X-Forwarded-Proto", "https")
_SENT: list[Headers] = [
    (),
    (_HTTPS,),
    (("X-Forwarded-Proto", "HTTPS"),),
    (("X-Forwarded-Proto", " https "),),
    (("X-Forwarded-Proto", "http"), ("X-Forwarded-For", "192.0.2.9")),
    (_HTTPS, ("X-Forwarded-For", "192.0.2.9")),
    (_HTTPS, ("X-Forwarded-For", "192.0.2.9, 198.51.100.4")),
    (_HTTPS, ("X-Forwarded-For", "192.0.2.9, 127.0.0.1")),
    (_HTTPS, ("X-Forwarded-For", "127.0.0.1")),
    (_HTTPS, ("X-Forwarded-For", "192.0.2.9:1234")),
    (_HTTPS, ("X-Forwarded-For", "[2001:db8::1]:1234")),
    (_HTTPS, ("X-Forwarded-For", "nonsense, \u00e9")),
    (_HTTPS, ("X-Forwarded-For", "")),
    (_HTTPS, ("X-Forwarded-For", ", ".join(f"192.0.2.{number}" for number in range(100)))),
    (_HTTPS, ("X-Forwarded-For", "192.0.2.9"), ("X-Forwarded-For", "192.0.2.10")),
    (_HTTPS, ("X-Forwarded-Proto", "http")),
    (("Forwarded", "for=192.0.2.9;proto=https"),),
]


@pytest.fixture(scope="module", params=[("127.0.0.1",), ("127.0.0.0/8", "::1"), ("192.0.2.1",)])
def doors(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Door, Door]]:
    data: Path = tmp_path_factory.mktemp("proxied") / "data"
    given = {
        "production": EnvironmentSettings(hosts=(_HOST,)),
        "trusted_proxies": request.param,
    }
    clock = Clock()
    with door(data, clock, **given) as lane, door(data, clock, lane=False, **given) as asgi:
        yield lane, asgi


def test_scheme_and_source_are_what_uvicorns_middleware_makes_of_the_headers(
    doors: tuple[Door, Door],
) -> None:
    client = doors[0].stand.register()
    right = raw_basic(f"{client.client_id}:{client.secret.value}".encode())
    wrong = raw_basic(f"{client.client_id}:wrong".encode())
    for sent in (*_SENT, *_SENT):
        for basic in (right, wrong):
            raw = Ask(host=(_HOST,), authorization=(basic,), more=sent).raw()
            seen = []
            for each in doors:
                with each.connect() as line, capture_logs() as logged:
                    line.say(raw)
                    response = line.hear()
                    assert response
                    seen.append((response.status, [entry["source"] for entry in logged]))
            assert seen[0] == seen[1], sent


def test_the_lane_is_open_to_what_a_trusted_proxy_sends_on(doors: tuple[Door, Door]) -> None:
    lane = doors[0]
    client = lane.stand.register()
    basic = raw_basic(f"{client.client_id}:{client.secret.value}".encode())
    more = (_HTTPS, ("X-Forwarded-For", "192.0.2.9"))
    raw = Ask(host=(_HOST,), authorization=(basic,), more=more).raw()
    is_trusted = "192.0.2.1" not in lane.config.forwarded_allow_ips
    with lane.connect() as line:
        line.say(raw)
        first = line.hear()
        before = lane.app.lane.answered
        line.say(raw)
        second = line.hear()
    assert first
    assert second

    assert first.status == second.status == (200 if is_trusted else 400)
    assert lane.app.lane.answered == before + is_trusted
