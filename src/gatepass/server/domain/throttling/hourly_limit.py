"""A limit, in memory, on what strangers can have written down: rows and log lines an hour.

Each process has its own. Up to `most` entries of a kind are admitted from one network in an
hour, and up to `most_in_total` from all networks; further ones are only counted. When the hour
is over, one summary for each kind, network and organization says how many there were. The
memory is bounded by these limits: a network is remembered only once an entry of it is admitted.
"""

import threading
from collections import Counter
from typing import NamedTuple
from uuid import UUID

from gatepass.server.domain.throttling.model import network_of

MOST_ROWS = 20  # of a kind from one network in an hour
MOST_LINES = 100
MOST_IN_TOTAL = 2000  # of a kind from all networks in an hour, and of summaries
HOUR = 3600  # seconds
MANY_NETWORKS = "many networks"
"""Stands for the network where those that were not admitted are counted together."""


class Suppressed(NamedTuple):
    """How many entries of a kind were not written in the hour from `start` (Unix seconds)."""

    kind: str
    network: str
    org_id: UUID | None
    times: int
    start: int


class HourlyLimit:
    """Admits entries of strangers up to a limit, and counts the others."""

    def __init__(self, most: int, most_in_total: int = MOST_IN_TOTAL) -> None:
        self._most = most
        self._most_in_total = most_in_total
        self._lock = threading.Lock()
        self._hour = 0
        self._admitted: Counter[tuple[str, str]] = Counter()  # by kind and network
        self._totals: Counter[str] = Counter()  # by kind
        self._suppressed: Counter[tuple[str, str, UUID | None]] = Counter()
        self._finished: list[Suppressed] = []

    def allow(self, kind: str, source: str, now: float, org_id: UUID | None = None) -> bool:
        """Return whether the entry may be written; count it if not.

        Neither the decision nor its time depends on `org_id`, which only decides whose summary
        counts the entry.
        """
        network = network_of(source)
        with self._lock:
            self._begin(now)
            admitted = self._admitted[kind, network]  # a Counter adds no key when it is read
            if admitted < self._most and self._totals[kind] < self._most_in_total:
                self._admitted[kind, network] += 1
                self._totals[kind] += 1
                return True
            self._suppress(kind, network if admitted else MANY_NETWORKS, org_id)
            return False

    def take(self, now: float, *, is_last: bool = False) -> list[Suppressed]:
        """Return the summaries of hours that are over, once; of this hour, too, if `is_last`."""
        with self._lock:
            self._begin(now)
            if is_last:
                self._finish()
            taken, self._finished = self._finished, []
        return taken

    def put_back(self, summaries: list[Suppressed]) -> None:
        """Keep summaries that could not be written for the next time, within the bound."""
        with self._lock:
            self._finished = (summaries + self._finished)[: 2 * self._most_in_total]

    def _begin(self, now: float) -> None:
        hour = int(now // HOUR)
        if hour != self._hour:
            self._finish()
            self._admitted.clear()
            self._totals.clear()
            self._hour = hour

    def _suppress(self, kind: str, network: str, org_id: UUID | None) -> None:
        key = kind, network, org_id
        if key not in self._suppressed and len(self._suppressed) >= self._most_in_total:
            key = kind, MANY_NETWORKS, None  # one more for each kind, and kinds are few
        self._suppressed[key] += 1

    def _finish(self) -> None:
        start = self._hour * HOUR
        found = [Suppressed(*key, times, start) for key, times in self._suppressed.items()]
        self._suppressed.clear()
        self._finished = (self._finished + found)[: 2 * self._most_in_total]
