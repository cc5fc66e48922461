"""The client's clock: monotonic, and counting while the machine sleeps.

A wall clock that is set an hour forward or back would shorten or prolong the life of tokens. A
monotonic clock that stops in suspend would count a token as fresh that expired overnight. All
processes of a boot read the same clock, so that they can exchange its times.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

# Linux counts sleep in the first one, macOS in the second (where time.monotonic does not).
_COUNTS_SLEEP = ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The same instant by both clocks: `now` of this module, `wall` since 1970, in seconds.

    `boot` identifies the boot of the machine that `now` counts in. It is empty where boots
    cannot be distinguished; `now` then means nothing to another process.
    """

    now: float
    wall: float
    boot: str


def now() -> float:
    """Return the seconds since an instant that is fixed until the machine boots again."""
    return _now()


def read() -> ClockReading:
    """Return the current time by both clocks."""
    return ClockReading(now(), time.time(), boot())


def boot(proc: Path = _PROC) -> str:
    """Return an id of this boot of the machine, empty where the system has none.

    Linux draws an id at each boot; the time namespace is part of it, since a container may have
    a CLOCK_BOOTTIME of its own. Other systems have only wall clock less uptime, which drifts and
    jumps with the wall clock.
    """
    try:
        name = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    try:
        return f"{name} {(proc / 'self/ns/time').readlink()}"
    except OSError:  # before Linux 5.6 there were no time namespaces
        return name


def monotonic_clock(machine: Any = time) -> Callable[[], float]:  # noqa: ANN401 - a module, or a fake
    """Return the clock of `machine` (the time module) that counts while the machine sleeps.

    Windows has neither of the two clocks; time.monotonic counts sleep there.
    """
    for name in _COUNTS_SLEEP:
        if hasattr(machine, name):
            return partial(machine.clock_gettime, getattr(machine, name))
    read: Callable[[], float] = machine.monotonic
    return read


_now = monotonic_clock()
