"""The metrics of this process, by the names of Prometheus's client libraries.

Read from /proc, as those libraries do; elsewhere only what the standard library knows. Their own
collector is not used: importing it costs each worker three megabytes.
"""

import os
import platform
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from json import loads
from pathlib import Path

from gatepass.server.observability.metrics.families import Key

_PROC = Path("/proc/self")
_LOCAL_COMMIT = re.compile(r"\+(?:[\w.]*\.)?g([0-9a-f]{7,40})")  # as versions from tags have it


def values(proc: Path = _PROC) -> Iterator[tuple[Key, float]]:
    """Yield what this process uses; what the platform does not tell (in `proc`) is left out."""
    pid = (str(os.getpid()),)
    for name, read in _READINGS.items():
        with suppress(OSError, ValueError, IndexError):
            yield (f"process_{name}", pid), read(proc)


@cache
def build() -> Key:
    """Return the metric that says what runs: version, Python's version, and commit if known."""
    version, commit = "unknown", ""
    with suppress(PackageNotFoundError):
        installed = distribution("gatepass")
        version = installed.version
        commit = commit_of(version, installed.read_text("direct_url.json"))
    return "gatepass_build_info", (version, platform.python_version(), commit)


def commit_of(version: str, direct_url: str | None) -> str:
    """Return the commit that a package was built from, "" if nothing says it.

    An installation from a repository names it in `direct_url.json` (PEP 610), a version between
    two tags in its local part.
    """
    with suppress(ValueError, KeyError, TypeError):
        return str(loads(direct_url or "")["vcs_info"]["commit_id"])
    found = _LOCAL_COMMIT.search(version)
    return found[1] if found else ""


def _memory(proc: Path, column: int) -> float:
    return int((proc / "statm").read_text().split()[column]) * os.sysconf("SC_PAGE_SIZE")


def _cpu(_proc: Path) -> float:
    times = os.times()
    return times.user + times.system


@cache
def _started_at(proc: Path) -> float:
    # After the command, which may contain anything; see proc(5).
    fields = (proc / "stat").read_text().rpartition(")")[2].split()
    booted = next(
        int(line.split()[1])
        for line in Path("/proc/stat").read_text().splitlines()
        if line.startswith("btime")
    )
    return booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _descriptors_limit(_proc: Path) -> float:
    import resource  # which Windows has not

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


_READINGS: dict[str, Callable[[Path], float]] = {
    "cpu_seconds": _cpu,
    "resident_memory_bytes": lambda proc: _memory(proc, 1),
    "virtual_memory_bytes": lambda proc: _memory(proc, 0),
    "open_fds": lambda proc: sum(1 for _ in (proc / "fd").iterdir()),
    "max_fds": _descriptors_limit,
    "start_time_seconds": _started_at,
    "threads": lambda _proc: threading.active_count(),
}
