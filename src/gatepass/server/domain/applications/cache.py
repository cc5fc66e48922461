"""Applications in memory: what the token line asks, so that it never waits for the database."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

from gatepass.server.domain.applications.model import Application

MOST_ABSENT = 10_000  # client ids that the database was asked for, so that asking again asks memory
MOST = 50_000  # applications kept in memory; the one loaded longest ago goes first


class ApplicationCache:
    """Applications by client id and by id; a miss is loaded once, a change drops the entry.

    Reads are plain dictionary look-ups and need no lock. A load that a change overtakes is
    handed to its caller but not kept: `dropped` counts the changes. `hits` and `misses` are
    for the metrics.
    """

    def __init__(self, find: Callable[[str | UUID], Application | None]) -> None:
        self._find = find
        self._known: OrderedDict[str | UUID, Application] = OrderedDict()
        self._absent: set[str | UUID] = set()
        self._loaded: set[str | UUID] = set()  # and not yet used or refused
        self._confirmed: set[str | UUID] = set()
        self._lock = threading.Lock()
        self._dropped = 0
        self.hits = 0
        self.misses = 0

    def get(self, key: str | UUID) -> Application | None:
        """Give the application with this client id or id, if it is in memory."""
        found = self._known.get(key)
        if found is not None:
            self.hits += 1
        return found

    def is_absent(self, key: str | UUID) -> bool:
        """Tell whether the database was asked for this client id or id, and has none such."""
        is_absent = key in self._absent
        if is_absent:
            self.hits += 1  # memory had the answer
        return is_absent

    def record_use(self, client_id: str) -> None:
        """Note that the client of this id authenticated: its next refusal is its first."""
        self._loaded.discard(client_id)

    def is_confirmed(self, client_id: str) -> bool:
        """Tell whether a refused client in memory has cost the one query that an unknown one costs.

        Remembered as long as an absence is, so that time tells nobody which of the two it was.
        """
        if client_id in self._confirmed:
            return True
        if client_id not in self._loaded:
            return False
        with self._lock:
            self._loaded.discard(client_id)
            self._note(client_id, self._confirmed)
        return True

    def confirm(self, client_id: str) -> None:
        """Cost what an unknown client id costs, once: look a random one up; blocks."""
        dropped = self._dropped
        self.misses += 1
        prefix, separator, _ = client_id.rpartition("_")
        self._find(f"{prefix}{separator}{secrets.token_hex(16)}")
        with self._lock:
            if dropped == self._dropped:
                self._note(client_id, self._confirmed)

    def load(self, key: str | UUID) -> Application | None:
        """Read the application from the database and keep it, or that there is none; blocks."""
        dropped = self._dropped
        self.misses += 1
        found = self._find(key)
        with self._lock:
            if dropped == self._dropped:
                if found:
                    self._add(found)
                self._note(key, self._loaded if found else self._absent)
        return found

    def drop(self, app_id: UUID) -> None:
        """Forget an application that has changed."""
        with self._lock:
            self._dropped += 1
            self._forget_asked()
            dropped = self._known.pop(app_id, None)
            if dropped:
                self._known.pop(dropped.client_id, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._dropped += 1
            self._forget_asked()
            self._known.clear()

    def _add(self, found: Application) -> None:
        self._known[found.client_id] = found
        self._known[found.id] = found
        while len(self._known) > 2 * MOST:  # each is there twice, one beside the other
            self._known.popitem(last=False)
            self._known.popitem(last=False)

    def _note(self, key: str | UUID, asked: set[str | UUID]) -> None:
        if len(self._absent) + len(self._confirmed) + len(self._loaded) >= MOST_ABSENT:
            self._forget_asked()
        asked.add(key)

    def _forget_asked(self) -> None:
        self._absent.clear()
        self._loaded.clear()
        self._confirmed.clear()
