"""Applications in memory: what the token line asks, so that it never waits for the database."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

from gatepass.server.applications.model import Application

MOST_ABSENT = 10_000  # client ids known to be nobody's, so that asking again asks memory
MOST = 50_000  # applications kept in memory; the one loaded longest ago goes first


class Directory:
    """Applications by client id and by id; a miss is loaded once, a change drops the entry.

    Reads are plain dictionary look-ups and need no lock. A load that a change overtakes is
    handed to its caller but not kept: `dropped` counts the changes.
    """

    def __init__(
        self,
        by_client_id: Callable[[str], Application | None],
        by_id: Callable[[UUID], Application | None],
    ) -> None:
        self._load_by_client_id = by_client_id
        self._load_by_id = by_id
        self._by_client_id: OrderedDict[str, Application] = OrderedDict()
        self._by_id: dict[UUID, Application] = {}
        self._absent: set[str | UUID] = set()
        self._lock = threading.Lock()
        self._dropped = 0

    def known(self, client_id: str) -> Application | None:
        """Give the application if it is in memory."""
        return self._by_client_id.get(client_id)

    def known_by_id(self, app_id: UUID) -> Application | None:
        """Give the application with this id if it is in memory."""
        return self._by_id.get(app_id)

    def is_absent(self, key: str | UUID) -> bool:
        """Tell whether the database was asked for this client id or id, and has none such."""
        return key in self._absent

    def load(self, client_id: str) -> Application | None:
        """Read the application from the database and keep it, or that there is none; blocks."""
        dropped = self._dropped
        return self._keep(dropped, client_id, self._load_by_client_id(client_id))

    def load_by_id(self, app_id: UUID) -> Application | None:
        """Read the application with this id from the database and keep it; blocks."""
        dropped = self._dropped
        return self._keep(dropped, app_id, self._load_by_id(app_id))

    def drop(self, app_id: UUID) -> None:
        """Forget an application that has changed."""
        with self._lock:
            self._dropped += 1
            self._absent.clear()
            dropped = self._by_id.pop(app_id, None)
            if dropped:
                self._by_client_id.pop(dropped.client_id, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._dropped += 1
            self._absent.clear()
            self._by_id.clear()
            self._by_client_id.clear()

    def _keep(self, dropped: int, key: str | UUID, found: Application | None) -> Application | None:
        with self._lock:
            if dropped == self._dropped:
                if found:
                    self._add(found)
                else:
                    self._note_absent(key)
        return found

    def _add(self, found: Application) -> None:
        self._by_client_id[found.client_id] = found
        self._by_id[found.id] = found
        while len(self._by_client_id) > MOST:
            _, oldest = self._by_client_id.popitem(last=False)
            self._by_id.pop(oldest.id, None)

    def _note_absent(self, key: str | UUID) -> None:
        if len(self._absent) >= MOST_ABSENT:
            self._absent.clear()
        self._absent.add(key)
