"""What an import costs, as a ratio of importing the HTTP library that it is for.

Each import is a fresh interpreter; those that are compared take turns.
`python -m bench.client.import_time`
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.processes import environment

ROUNDS = 15
_PROGRAM = """\
import time
wall, work = time.perf_counter(), time.process_time()
{statement}
print(time.perf_counter() - wall, time.process_time() - work)
"""


class Cost(NamedTuple):
    """The seconds that an import took, and those of processor time."""

    wall: float
    work: float


class Imported(NamedTuple):
    """A statement, the one it is measured against, and how long both took in each round."""

    statement: str
    base: str
    rounds: Sequence[tuple[Cost, Cost]]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios by processor time, which other programs disturb little.

        The two of a round are neighbours in time.
        """
        return median(mine.work / its.work for mine, its in self.rounds)

    @property
    def by_wall(self) -> float:
        """The same by the clock on the wall."""
        return median(mine.wall / its.wall for mine, its in self.rounds)

    @property
    def milliseconds(self) -> tuple[float, float]:
        """The medians of both, in milliseconds of processor time."""
        mine, its = zip(*self.rounds, strict=True)
        return median(each.work for each in mine) * 1e3, median(each.work for each in its) * 1e3


def imported(python: Path, statement: str, base: str) -> Imported:
    """Measure `statement` against `base` in that environment."""
    _cost(python, statement), _cost(python, base)  # the first one writes the byte code
    rounds = [(_cost(python, statement), _cost(python, base)) for _ in range(ROUNDS)]
    return Imported(statement, base, rounds)


def _cost(python: Path, statement: str) -> Cost:
    program = _PROGRAM.format(statement=statement)
    # Not from this folder, whose token.py would hide the standard library's.
    command = [str(python), "-I", "-c", program]
    ran = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    wall, work = map(float, ran.stdout.split())
    return Cost(wall, work)
