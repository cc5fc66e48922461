"""A real Redis for the tests of what several processes share."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from commands import clean_variables

REDIS = shutil.which("redis-server")
PASSWORD = "only-this-test-has-it"
_WITHIN = 30.0  # seconds


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
