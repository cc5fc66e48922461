"""Behind a proxy both doors see the same scheme and address, and believe nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gatepass.server.configuration.environment_settings import EnvironmentSettings
from server.fixtures import TEST, new_clock, raw_basic
from server.forwarded import GROUPS, Case, Group
from server.serving.fast_path.doors import Door, door
from server.serving.fast_path.requests import Ask, Headers

pytestmark = pytest.mark.slow  # each test starts a server with settings of its own

_PLAIN, _HTTPS = "localhost:8000", "gate.example.com"  # hosts: of production, of an https issuer
_WRONG = raw_basic(b"nobody:wrong")


@pytest.fixture(scope="module", params=GROUPS, ids=[group.name for group in GROUPS])
def group(request: pytest.FixtureRequest) -> Group:
    chosen: Group = request.param
    return chosen


@pytest.fixture(scope="module")
def doors(group: Group, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, Door]]:
    data: Path = tmp_path_factory.mktemp("proxied") / "data"
    given = {"sandbox": EnvironmentSettings(hosts=(_HTTPS,)), **group.settings}
    clock = new_clock()
    with door(data, clock, **given) as fast, door(data, clock, fast_path=False, **given) as asgi:
        yield fast, asgi


def seen(each: Door, case: Case) -> tuple[list[str], str]:
    """Return the sources that the log names, and the scheme that lets a request in over https."""
    with each.connect() as line, capture_logs() as logged:
        statuses = []
        for host in (_PLAIN, _HTTPS):
            line.say(Ask(host=(host,), authorization=(_WRONG,), more=case.headers).raw())
            response = line.hear()
            assert response
            statuses.append(response.status)
    assert statuses[0] in {401, 429}
    assert statuses[1] in {400, 401, 429}
    sources = [entry["source"] for entry in logged if entry["event"] == "client.refused"]
    return sources, "http" if statuses[1] == 400 else "https"


def test_both_doors_see_the_same_client_and_scheme(group: Group, doors: tuple[Door, Door]) -> None:
    for case in group.cases:
        for each in doors:
            sources, scheme = seen(each, case)

            assert (set(sources), scheme) == ({case.source}, case.scheme), case.name


def test_the_fast_path_is_open_to_what_a_trusted_proxy_sends_on(
    group: Group, doors: tuple[Door, Door]
) -> None:
    fast = doors[0]
    client = fast.server.register(TEST)
    basic = raw_basic(f"{client.client_id}:{client.secret.value}".encode())
    more: Headers = (("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "192.0.2.9"))
    if "proxy_header" in group.settings:
        more = (("Forwarded", "for=192.0.2.9;proto=https"),)
    raw = Ask(host=(_HTTPS,), authorization=(basic,), more=more).raw()
    is_trusted = group.name != "another proxy"
    with fast.connect() as line:
        line.say(raw)
        first = line.hear()
        before = fast.by_fast_path
        line.say(raw)
        second = line.hear()
    assert first
    assert second

    assert first.status == second.status == (200 if is_trusted else 400)
    assert fast.by_fast_path == before + is_trusted
