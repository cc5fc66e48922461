"""A limit that several processes count together, in a real Redis."""

from pathlib import Path

import pytest

from gatepass.guard import Denied, Guard
from gatepass.guard.core.rate_limit import RateLimit
from guard.fake_network import Setup, bearer_request
from guard.redis_server import PASSWORD, REDIS, running
from server_process import free_ports

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REDIS, reason="redis-server is missing: apt install redis"),
]


def limit(port: int, text: str = "3/hour") -> RateLimit:
    return RateLimit(text, f"redis://:{PASSWORD}@127.0.0.1:{port}")


def status(guard: Guard, token: str) -> int:
    try:
        guard.identify(bearer_request(token))
    except Denied as denied:
        return denied.error_response.status
    return 200


def test_two_guards_count_together(setup: Setup, tmp_path: Path) -> None:
    port = free_ports()
    with running(port, tmp_path):
        here, there = (setup.guard(rate=limit(port)) for _ in range(2))
        token, other = setup.jwt(), setup.jwt(client_id="other")

        assert [status(guard, token) for guard in (here, there, here, there, here)] == [
            *(200, 200, 200),
            *(429, 429),
        ]
        assert status(there, other) == 200
        with pytest.raises(Denied) as denied:
            there.identify(bearer_request(token))

        assert 3500 < int(denied.value.error_response.headers["Retry-After"]) <= 3600


def test_while_redis_is_away_requests_pass_and_are_counted_again_after(
    setup: Setup, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_ports()
    guard = setup.guard(rate=limit(port, "1/hour"))  # begins before its Redis does
    token = setup.jwt()

    assert [status(guard, token) for _ in range(2)] == [200, 200]
    with running(port, tmp_path):
        assert [status(guard, token) for _ in range(2)] == [200, 429]
    assert status(guard, token) == 200

    assert "storage failed" in caplog.text
    assert PASSWORD not in caplog.text
