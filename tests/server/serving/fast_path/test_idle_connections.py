"""How long an idle connection stays open, whichever HTTP protocol serves it."""

from contextlib import suppress
from pathlib import Path

import pytest

from gatepass.server.configuration.http_limits import HttpSettings
from gatepass.server.serving.fast_path.protocol import FastPathProtocol
from gatepass.server.serving.http1.fallback import FallbackProtocol
from server.fixtures import new_clock, settings
from server.serving.fast_path.doors import Door, Line
from server.serving.fast_path.requests import Ask

_LOAD_BALANCER = 60  # seconds for which AWS, Google and Azure keep an idle connection, or less
_HEALTH = Ask(path="/healthz", method="GET", body=b"").raw()


def test_by_default_a_load_balancer_closes_an_idle_connection_before_the_server_does(
    tmp_path: Path,
) -> None:
    with Door(tmp_path / "data", new_clock()) as served:
        assert served.config.timeout_keep_alive > _LOAD_BALANCER
    assert settings(tmp_path).http.idle_timeout == served.config.timeout_keep_alive


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [FastPathProtocol, FallbackProtocol])
def test_an_idle_connection_ends_after_the_time_that_the_setting_says(
    tmp_path: Path, protocol: type
) -> None:
    served = Door(tmp_path / "data", new_clock(), http=HttpSettings(idle_timeout=1))
    if protocol is FallbackProtocol:
        served.config.http = protocol
    with served, served.connect() as line:
        for _ in range(2):
            line.say(_HEALTH)
            response = line.hear()
            assert response
            assert response.status == 200
            assert not response.ends

        assert line.is_over()


@pytest.mark.parametrize("seconds", [0, -1, 3601, "1m"])
def test_an_idle_time_that_cannot_be_is_refused(tmp_path: Path, seconds: object) -> None:
    with pytest.raises(ValueError, match="idle_timeout"):
        settings(tmp_path, http={"idle_timeout": seconds})


def test_at_the_limit_an_idle_connection_makes_room_before_its_time(tmp_path: Path) -> None:
    served = Door(tmp_path / "data", new_clock(), http=HttpSettings(max_connections=2))
    with served, served.connect() as first, served.connect() as second:
        for line in (first, second):
            line.say(_HEALTH)
            assert line.hear()
        with served.connect() as third:
            third.say(_HEALTH)

            assert third.hear()
            assert [_is_open(first), _is_open(second)].count(True) == 1


def _is_open(line: Line) -> bool:
    with suppress(ConnectionError):
        line.say(_HEALTH)
    return line.hear() is not None
