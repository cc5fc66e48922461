"""Applications in memory, so that the token endpoint does not wait for the database."""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from enum import Enum, auto
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.server.domain.applications.cached_application import CachedApplication, Key

MOST_ABSENT = 10_000  # keys of which memory knows what the last query for them showed
_MOST_PASSED_OVER = 16  # recent ones that make way for no other, so that no load takes long
_MOST_CHANGED = 1000  # applications whose latest changes are known
_MOST_STALE = 1000  # places of applications that were dropped


class _Known(Enum):
    """What is known of a key that was looked up."""

    ABSENT = auto()  # the database has no such application
    CONFIRMED = auto()  # a refusal of this client has cost a query, as one of an unknown client


class Lookup(NamedTuple):
    """A query for an application that is not in memory.

    With `confirms`, the client id of a refused client, the key is a random one: see
    `ApplicationCache.is_confirmed`.
    """

    key: Key
    confirms: str = ""


class ApplicationCache:
    """Applications by client id and by id; a miss is loaded once, a change drops the entry.

    A read is one look-up in a dictionary, without a lock. A load that a change of the application
    overtakes is returned to its caller but not kept, nor is an absence that any change overtakes:
    `_changes` counts the changes. `find` may block; `find_directly` never does, and returns None
    where it cannot find without.

    At most `most_bytes` are kept, and the least recently used make room, by second chance: those
    that were read since they were last considered are passed over. The counts are for the metrics.
    """

    def __init__(
        self,
        find: Callable[[Collection[Key]], Mapping[Key, CachedApplication]],
        find_directly: Callable[[Key], tuple[CachedApplication | None] | None],
        most_bytes: int,
    ) -> None:
        self._find = find
        self._find_directly = find_directly
        self._most_bytes = most_bytes
        self._applications: dict[Key, CachedApplication] = {}
        self._in_turn: deque[CachedApplication] = deque()  # to be considered; also dropped ones
        self._known: BoundedCache[Key, _Known] = BoundedCache(MOST_ABSENT)
        self._lock = threading.Lock()
        self._changes = 0
        self._changed: deque[bytes] = deque(maxlen=_MOST_CHANGED)  # the applications, newest last
        self._changed_all = 0  # how many changes there were when all of them, or many, changed
        self.size = 0  # bytes
        self.hits = 0
        self.misses = 0
        self.evictions = 0
        self.miss_seconds = 0.0

    def __len__(self) -> int:
        """Return the number of applications in memory."""
        return len(self._applications) // 2

    def get(self, key: Key) -> CachedApplication | None:
        """Return the application with this client id or id, if it is in memory."""
        found = self._applications.get(key)
        if found is not None:
            found.is_recent = True
            self.hits += 1
        return found

    def is_absent(self, key: Key) -> bool:
        """Return whether memory knows that the database has no application of this key."""
        is_absent = self._known.get(key) is _Known.ABSENT
        if is_absent:
            self.hits += 1  # memory had the answer
        return is_absent

    def is_confirmed(self, application: CachedApplication) -> bool:
        """Return whether the refusal of a client in memory has cost the query of an unknown one.

        Remembered as long as an absence is, so that the time of a refusal does not reveal which
        of the two it was. Its load was that query, if the client has not authenticated since.
        """
        if application.was_loaded_now:
            application.was_loaded_now = False
            with self._lock:
                self._known.put(application.client_id, _Known.CONFIRMED)
            return True
        return self._known.get(application.client_id) is _Known.CONFIRMED

    def confirmation(self, client_id: str) -> Lookup:
        """Return the look-up that the first refusal of a client in memory costs."""
        prefix, separator, _ = client_id.rpartition("_")
        return Lookup(f"{prefix}{separator}{secrets.token_hex(16)}", client_id)

    def load(self, key: Key) -> CachedApplication | None:
        """Read an application from the database and keep it, or that there is none; blocks."""
        return self.run([Lookup(key)]).get(key)

    def run(self, lookups: Collection[Lookup]) -> Mapping[Key, CachedApplication]:
        """Do look-ups by one query, keep what they showed and return what was found; blocks."""
        changes, started = self._changes, time.perf_counter()
        found = self._find({each.key for each in lookups})
        self._count_misses(len(lookups), started)
        for each in lookups:
            self._keep(each, found.get(each.key), changes)
        return found

    def run_directly(self, lookup: Lookup) -> tuple[CachedApplication | None] | None:
        """Do a look-up without blocking, as `run`; return None where that cannot be.

        What was found is alone in a tuple.
        """
        changes, started = self._changes, time.perf_counter()
        found = self._find_directly(lookup.key)
        if found is not None:
            self._count_misses(1, started)
            self._keep(lookup, found[0], changes)
        return found

    def drop(self, app_id: UUID) -> None:
        """Forget an application that has changed; and, if it may be a new one, what is absent."""
        with self._lock:
            self._changes += 1
            self._changed.append(app_id.bytes)
            dropped = self._applications.get(app_id.bytes)
            if dropped:
                self._remove(dropped)
                for key in (dropped.client_id, dropped.id_bytes):
                    self._known.pop(key)
            else:
                self._known.clear()

    def drop_of_organization(self, org_id: UUID) -> None:
        """Forget the applications of an organization that has changed."""
        with self._lock:
            self._changes += 1
            self._changed_all = self._changes
            self._known.clear()
            number = org_id.int  # to compare ids as such takes four times as long
            for each in [each for each in self._in_turn if each.org_id.int == number]:
                if self._applications.get(each.id_bytes) is each:
                    self._remove(each)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._changes += 1
            self._changed_all = self._changes
            self._known.clear()
            self._applications.clear()
            self._in_turn.clear()
            self.size = 0

    def _count_misses(self, count: int, started: float) -> None:
        self.misses += count
        self.miss_seconds += time.perf_counter() - started

    def _keep(self, lookup: Lookup, found: CachedApplication | None, changes: int) -> None:
        """Keep what a look-up has shown, unless something changed since there were `changes`."""
        if found and isinstance(lookup.key, str):
            found.was_loaded_now = True
        with self._lock:
            if changes != self._changes and self._is_overtaken(found, changes):
                return
            if lookup.confirms:
                self._known.put(lookup.confirms, _Known.CONFIRMED)
            elif found:
                self._add(found)
            else:
                self._known.put(lookup.key, _Known.ABSENT)

    def _is_overtaken(self, found: CachedApplication | None, changes: int) -> bool:
        """Return whether what was found may be outdated by the changes after so many."""
        newer = self._changes - changes
        if found is None or changes < self._changed_all or newer > len(self._changed):
            return True
        return found.id_bytes in islice(reversed(self._changed), newer)

    def _add(self, new: CachedApplication) -> None:
        # One with the same client id is its predecessor, whose end is not known here yet.
        for key in (new.id_bytes, new.client_id):
            before = self._applications.get(key)
            if before:
                self._remove(before)
        self.size += new.size
        if self.size > self._most_bytes:
            self._make_room()
        self._applications[new.client_id] = self._applications[new.id_bytes] = new
        self._in_turn.append(new)

    def _make_room(self) -> None:
        passed_over = 0
        while self._in_turn and self.size > self._most_bytes:
            next_one = self._in_turn.popleft()
            if self._applications.get(next_one.id_bytes) is not next_one:
                continue  # dropped before
            if next_one.is_recent and passed_over < _MOST_PASSED_OVER:
                next_one.is_recent = False
                passed_over += 1
                self._in_turn.append(next_one)
            else:
                self._remove(next_one)
                self.evictions += 1

    def _remove(self, application: CachedApplication) -> None:
        del self._applications[application.client_id], self._applications[application.id_bytes]
        self.size -= application.size
        if len(self._in_turn) > len(self._applications) + _MOST_STALE:
            kept = self._applications
            self._in_turn = deque(each for each in self._in_turn if kept.get(each.id_bytes) is each)
