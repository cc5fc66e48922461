"""Used proofs that several processes remember together, in a real Redis."""

from pathlib import Path

import pytest
from redis import Redis

from gatepass.guard import RedisReplays
from guard.redis_server import PASSWORD, REDIS, running
from server_process import free_ports

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REDIS, reason="redis-server is missing: apt install redis"),
]


def test_a_proof_passes_once_in_all_processes_until_it_expires(tmp_path: Path) -> None:
    port = free_ports()
    with running(port, tmp_path), Redis(port=port, password=PASSWORD, socket_timeout=5) as redis:
        first, second = RedisReplays(redis), RedisReplays(redis)

        assert first.add(b"a" * 16, 160.0, 100.0)
        assert not second.add(b"a" * 16, 160.0, 100.0)
        assert second.add(b"b" * 16, 100.5, 100.0)
        assert not first.add(b"b" * 16, 100.5, 100.0)
        [key] = redis.keys(f"gatepass:dpop:{(b'a' * 16).hex()}")
        assert 60 < redis.ttl(key) <= 120  # a minute more, as clocks differ
