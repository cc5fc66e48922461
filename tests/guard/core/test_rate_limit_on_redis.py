"""A limit that several processes count together, in a real Redis."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from commands import clean_variables
from gatepass.guard import Denied, Guard
from gatepass.guard.core.rate_limit import RateLimit
from guard.fake_network import Setup, bearer_request
from server_process import free_ports

REDIS = shutil.which("redis-server")
PASSWORD = "only-this-test-has-it"
_WITHIN = 30.0  # seconds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REDIS, reason="redis-server is missing: apt install redis"),
]


@contextmanager
def running(port: int, folder: Path) -> Iterator[None]:
    """Run a Redis on this port, which keeps nothing and asks for a password."""
    keeps = ["--save", "", "--appendonly", "no", "--dir", str(folder)]
    listens = ["--bind", "127.0.0.1", "--port", str(port), "--requirepass", PASSWORD]
    process = subprocess.Popen(
        [str(REDIS), *listens, *keeps],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=clean_variables(),
    )
    try:
        deadline = time.monotonic() + _WITHIN
        while not _listens(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield
    finally:
        process.terminate()
        process.wait(_WITHIN)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), _WITHIN):
        return True
    return False


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
