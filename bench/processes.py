"""Runs servers, and reads what the system knows of their processes."""

import os
import random
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

ROOT = Path(__file__).resolve().parent.parent
_START_WITHIN = 60.0  # seconds
_STOP_WITHIN = 60.0
_ASK_EVERY = 0.005

ask = build_opener(ProxyHandler({})).open
"""urlopen, and never through a proxy."""


class NotMeasuredError(Exception):
    """A figure that cannot be had here; the message says why."""


@contextmanager
def running(
    command: Sequence[str], url: str, variables: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server until the block ends; give its process id once `url` is answered.

    Raises NotMeasuredError with the end of its log where it does not come that far.
    """
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(variables),
            stdout=subprocess.DEVNULL,
            stderr=log,
        ) as process,
    ):
        try:
            if not _is_answered(process, url):
                log.seek(0)
                lines = log.read().decode(errors="replace").strip().splitlines()
                raise NotMeasuredError(f"a server did not start: {' '.join(lines[-3:])}")
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP_WITHIN)


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's variables without settings of Gatepass, and `variables`.

    A server that is stopped does not drain: no load balancer is in front.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GATEPASS_")}
    return kept | {"GATEPASS_DRAIN_SECONDS": "0"} | dict(variables or {})


def without(folder: Path, *modules: str) -> dict[str, str]:
    """Return the variables for a Python that has none of these modules, by a file in `folder`."""
    hide = f"import sys\nsys.modules.update(dict.fromkeys({modules!r}))\n"
    Path(folder, "sitecustomize.py").write_text(hide)
    return {"PYTHONPATH": str(folder)}


def _is_answered(process: "subprocess.Popen[bytes]", url: str) -> bool:
    end = time.monotonic() + _START_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            with ask(url, timeout=_START_WITHIN):
                return True
        except HTTPError:
            return True  # an answer all the same
        except (URLError, OSError):
            time.sleep(_ASK_EVERY)
    return False


def free_port() -> int:
    """Return a port of which it and the next one are free, below those of outgoing connections."""
    while True:
        port = random.randrange(10_000, 30_000)
        with socket.socket() as first, socket.socket() as second, suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 1))
            return port


def cpu_seconds(process_id: int) -> float:
    """Return the processor time of a process and its children, in seconds."""
    return sum(_ticks(each) for each in _family(process_id)) / os.sysconf("SC_CLK_TCK")


def _family(process_id: int) -> Iterator[int]:
    yield process_id
    with suppress(FileNotFoundError, ProcessLookupError):  # what has just ended
        for task in Path(f"/proc/{process_id}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _ticks(process_id: int) -> int:
    after_name = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def memory(process_id: int) -> float:
    """Return the memory that a process holds, in MB of a million bytes."""
    return _status(process_id, "VmRSS")


def peak_memory(process_id: int) -> float:
    """Return the most memory that a process ever held, in MB of a million bytes."""
    return _status(process_id, "VmHWM")


def _status(process_id: int, name: str) -> float:
    status = Path(f"/proc/{process_id}/status").read_text()
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else float("nan")
