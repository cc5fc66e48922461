"""Gathers the client ids that no application has, while requests are refused."""

import threading
from collections import Counter
from typing import NamedTuple

MOST = 8  # that are looked at in a batch: each takes milliseconds
_MOST_OF_ONE_SOURCE = 2


class UnknownClient(NamedTuple):
    """A client id that was presented, from where, and by which program."""

    client_id: str
    source: str
    agent: bytes


class Occurrence(NamedTuple):
    """How often an unknown client came, and when last (Unix seconds)."""

    times: int
    at: float


class UnknownClients:
    """What came since it was taken last, within bounds.

    What is noted of a known client is discarded: the work for both is the same, so that the time
    of a refusal does not say which one it was.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of_known = _Noted()
        self._waiting = _Noted()

    def note(self, presented: UnknownClient, at: float, *, is_known: bool) -> None:
        """Note a client id that was refused."""
        with self._lock:
            (self._of_known if is_known else self._waiting).add(presented, at)

    def take(self) -> dict[UnknownClient, Occurrence]:
        """Return what came since the last time, and reset."""
        with self._lock:
            taken, self._waiting, self._of_known = self._waiting, _Noted(), _Noted()
        return taken.occurrences


class _Noted:
    """What was noted; adding to it takes the same time however much there is already."""

    def __init__(self) -> None:
        self.occurrences: dict[UnknownClient, Occurrence] = {}
        self._of_sources: Counter[str] = Counter()

    def add(self, presented: UnknownClient, at: float) -> None:
        before = self.occurrences.get(presented)
        if before:
            self.occurrences[presented] = Occurrence(before.times + 1, at)
        elif (
            len(self.occurrences) < MOST
            and self._of_sources[presented.source] < _MOST_OF_ONE_SOURCE
        ):
            self._of_sources[presented.source] += 1
            self.occurrences[presented] = Occurrence(1, at)
