"""Applications in memory, so that the token endpoint does not wait for the database."""

import secrets
import threading
from collections.abc import Callable
from enum import Enum, auto
from uuid import UUID

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.server.domain.applications.model import Application

MOST = 50_000  # applications in memory
MOST_ABSENT = 10_000  # keys of which memory knows what the last query for them showed


class _Known(Enum):
    """What is known of a key that was looked up."""

    ABSENT = auto()  # the database has no such application
    LOADED = auto()  # loaded, and its client neither authenticated nor refused since
    CONFIRMED = auto()  # a refusal of this client has cost a query, as one of an unknown client


class ApplicationCache:
    """Applications by client id and by id; a miss is loaded once, a change drops the entry.

    A read is one look-up in a dictionary, without a lock. A load that a change overtakes is
    returned to its caller but not kept: `_changes` counts the changes. `hits` and `misses` are
    for the metrics. `find` may block; `find_directly` never does, and returns None where it cannot
    find without.
    """

    def __init__(
        self,
        find: Callable[[str | UUID], Application | None],
        find_directly: Callable[[str | UUID], tuple[Application | None] | None],
    ) -> None:
        self._find = find
        self._find_directly = find_directly
        self._applications: BoundedCache[str | UUID, Application] = BoundedCache(2 * MOST)
        self._known: BoundedCache[str | UUID, _Known] = BoundedCache(MOST_ABSENT)
        self._lock = threading.Lock()
        self._changes = 0
        self.hits = 0
        self.misses = 0

    def get(self, key: str | UUID) -> Application | None:
        """Return the application with this client id or id, if it is in memory."""
        found = self._applications.get(key)
        if found is not None:
            self.hits += 1
        return found

    def is_absent(self, key: str | UUID) -> bool:
        """Return whether memory knows that the database has no application of this key."""
        is_absent = self._known.get(key) is _Known.ABSENT
        if is_absent:
            self.hits += 1  # memory had the answer
        return is_absent

    def record_use(self, client_id: str) -> None:
        """Record that a client authenticated: its next refusal is its first."""
        if self._known.get(client_id) is _Known.LOADED:
            self._known.pop(client_id)

    def is_confirmed(self, client_id: str) -> bool:
        """Return whether the refusal of a client in memory has cost the query of an unknown one.

        Remembered as long as an absence is, so that the time of a refusal does not reveal which
        of the two it was.
        """
        known = self._known.get(client_id)
        if known is _Known.LOADED:
            with self._lock:
                self._known.put(client_id, _Known.CONFIRMED)
        return known is _Known.LOADED or known is _Known.CONFIRMED

    def confirm(self, client_id: str) -> None:
        """Look up a random client id, as an unknown one costs a query once; blocks."""
        changes = self._changes
        self.misses += 1
        self._find(_random_like(client_id))
        self._confirm(client_id, changes)

    def confirm_directly(self, client_id: str) -> bool:
        """Do what `confirm` does without blocking; return False where that cannot be."""
        changes = self._changes
        if self._find_directly(_random_like(client_id)) is None:
            return False
        self.misses += 1
        self._confirm(client_id, changes)
        return True

    def load(self, key: str | UUID) -> Application | None:
        """Read the application from the database and keep it, or that there is none; blocks."""
        changes = self._changes
        self.misses += 1
        found = self._find(key)
        self._keep(key, found, changes)
        return found

    def load_directly(self, key: str | UUID) -> tuple[Application | None] | None:
        """Do what `load` does without blocking; return None where that cannot be."""
        changes = self._changes
        found = self._find_directly(key)
        if found is not None:
            self.misses += 1
            self._keep(key, found[0], changes)
        return found

    def _confirm(self, client_id: str, changes: int) -> None:
        with self._lock:
            if changes == self._changes:
                self._known.put(client_id, _Known.CONFIRMED)

    def _keep(self, key: str | UUID, found: Application | None, changes: int) -> None:
        """Keep what was found, unless something has changed since there were `changes`."""
        with self._lock:
            if changes == self._changes:
                if found:  # under both keys, one after the other, so that both are evicted
                    self._applications.put(found.client_id, found)
                    self._applications.put(found.id, found)
                self._known.put(key, _Known.LOADED if found else _Known.ABSENT)

    def drop(self, app_id: UUID) -> None:
        """Forget an application that has changed, and which keys are absent."""
        with self._lock:
            self._changes += 1
            self._known.clear()
            dropped = self._applications.pop(app_id)
            if dropped:
                self._applications.pop(dropped.client_id)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._changes += 1
            self._known.clear()
            self._applications.clear()


def _random_like(client_id: str) -> str:
    prefix, separator, _ = client_id.rpartition("_")
    return f"{prefix}{separator}{secrets.token_hex(16)}"
