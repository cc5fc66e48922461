"""Another node of the same database, as a process that can be stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_HOLD = """
import sys
from gatepass.server.storage.database import Database

with Database(sys.argv[1]).write():
    print("holds", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_node_in_a_write(address: str) -> Iterator[int]:
    """Run a process that has begun a write; give its id."""
    node = subprocess.Popen(
        [sys.executable, "-c", _HOLD, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert node.stdout
        assert node.stdout.readline() == b"holds\n"
        yield node.pid
    finally:
        node.kill()
        node.communicate()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
