"""Runs `gatepass rotate` in processes that are killed by SIGKILL; run as a program of its own.

It has loaded all that the command needs, and forks for each line of its input, a JSON object:

    environ  the environment of the run
    output   the file that gets what the run prints
    kill_at  the number of the call, from 0, before which the run kills itself; null: it does not

It prints the process id of a run, then its wait status and the calls that it reached.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from types import FrameType
from typing import Any

from gatepass.cli import main as gatepass_command
from gatepass.client.cli.rotate import steps  # noqa: F401 - as the next ones, loaded before a fork
from gatepass.client.doctor import probes  # noqa: F401
from gatepass.client.secrets.writing import uri  # noqa: F401

_CALLS = frozenset({"connect", "fchmod", "flock", "fsync", "open", "replace", "unlink"})
_MODULES = frozenset({"_socket", "fcntl", "posix"})


def main() -> None:
    """Do what each line says, one after the other."""
    for line in sys.stdin:
        work = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            _run(work, writing)
        os.close(writing)
        _say(str(child))
        with os.fdopen(reading, encoding="utf-8") as calls:
            reached = calls.read().split()
        _, status = os.waitpid(child, 0)
        _say(json.dumps({"status": status, "calls": reached}))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _run(work: Mapping[str, Any], calls: int) -> None:
    """Run the command in this process, which then ends."""
    status = 1
    try:
        os.environ.update(work["environ"])
        output = os.open(work["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (1, 2):
            os.dup2(output, stream)
        _kill_at(work["kill_at"], calls)
        gatepass_command(["rotate"], prog_name="gatepass")
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - it must not go on as the program that forked it
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _kill_at(number: int | None, calls: int) -> None:
    """End this process before a call that changes a file, or that another program can notice."""
    reached = 0

    def look(frame: FrameType, event: str, called: Any) -> None:  # noqa: ANN401, ARG001 - any callable
        nonlocal reached
        if event == "c_call" and called.__name__ in _CALLS and _module(called) in _MODULES:
            os.write(calls, f"{called.__name__}\n".encode())
            if reached == number:
                os.kill(os.getpid(), signal.SIGKILL)
            reached += 1

    sys.setprofile(look)


def _module(called: Any) -> str:  # noqa: ANN401 - a function or a method of C
    return str(called.__module__ or type(called.__self__).__mro__[-2].__module__)


if __name__ == "__main__":
    main()
