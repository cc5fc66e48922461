"""A limit, in memory, on reports of leaked credentials that are looked at.

Each process has its own. Only reports of the right form and checksum count, so that random texts
take nothing away from those who report real credentials.
"""

import threading
from collections import Counter

from gatepass.server.domain.throttling.model import network_of

MOST_REPORTS = 30  # in WINDOW, from one network
MOST_IN_TOTAL = 300  # in WINDOW, from all networks
WINDOW = 60.0  # seconds


class ReportBudget:
    """Admits reports up to both limits; a network is kept only once a report of it is admitted."""

    def __init__(self, most: int = MOST_REPORTS, most_in_total: int = MOST_IN_TOTAL) -> None:
        self._most = most
        self._most_in_total = most_in_total
        self._lock = threading.Lock()
        self._since = 0.0
        self._admitted: Counter[str] = Counter()

    def allow(self, source: str, now: float) -> bool:
        """Return whether a report from the address `source` is looked at, and count it then."""
        network = network_of(source)
        with self._lock:
            if not 0 <= now - self._since < WINDOW:  # a clock may be set back
                self._admitted.clear()
                self._since = now
            is_over = self._admitted[network] >= self._most
            if is_over or self._admitted.total() >= self._most_in_total:
                return False
            self._admitted[network] += 1
            return True
