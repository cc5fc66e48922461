"""The client's clock: monotonic, and going on while the machine sleeps.

A wall clock that is set an hour forth or back would kill or prolong tokens; a monotonic clock
that stands still in suspend would take a token for fresh that expired overnight. All processes
of a boot read the same clock, so a moment of one means the same to another.
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
class Moment:
    """A moment by both clocks: `now` of this module, `wall` since 1970, both in seconds.

    `boot` names the boot that `now` counts in, and is empty where there is no telling boots
    apart; `now` then means nothing to another process.
    """

    now: float
    wall: float
    boot: str


def now() -> float:
    """Give seconds since a moment that is fixed until the machine boots again."""
    return _read()


def moment() -> Moment:
    """Give the present moment."""
    return Moment(now(), time.time(), boot())


def boot(proc: Path = _PROC) -> str:
    """Name this boot of the machine, so that moments of another one are not taken for its own.

    Linux draws an id at each boot; the time namespace belongs to it, since a container may have
    a CLOCK_BOOTTIME of its own. Gives "" on other systems: what could be worked out there, wall
    clock less uptime, drifts and jumps with the wall clock, and would be a guess.
    """
    try:
        name = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    try:
        return f"{name} {(proc / 'self/ns/time').readlink()}"
    except OSError:  # before Linux 5.6 there was one time for all
        return name


def sleepless(machine: Any = time) -> Callable[[], float]:  # noqa: ANN401 - a module, or like it
    """Give that clock of `machine` (the time module) which counts while the machine sleeps.

    Windows has neither of the two that are looked for; there time.monotonic counts sleep.
    """
    for name in _COUNTS_SLEEP:
        if hasattr(machine, name):
            return partial(machine.clock_gettime, getattr(machine, name))
    read: Callable[[], float] = machine.monotonic
    return read


_read = sleepless()
