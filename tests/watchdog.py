"""Ends what tests started, once they are over: servers must not outlive a killed pytest.

    python watchdog.py MARK     its standard input ends with the process that started it

What a test starts, and what that starts, inherits the variable TESTS_RUN of this run; so it is
found however it was started, and whoever its parent is by now. Linux alone has /proc; elsewhere
nothing is ended.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

VARIABLE = "TESTS_RUN"


def started_by(mark: str) -> list[int]:
    """Return the processes that have `mark` in their environment."""
    wanted = f"{VARIABLE}={mark}".encode()
    found = []
    for each in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted in each.read_bytes().split(b"\0"):
                found.append(int(each.parent.name))
    return found


if __name__ == "__main__":
    sys.stdin.buffer.read()
    for pid in started_by(sys.argv[1]):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
