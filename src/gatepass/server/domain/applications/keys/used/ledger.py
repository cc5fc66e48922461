"""Which assertions were used, by any process: memory, and the table that makes it complete."""

import math
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from gatepass.server.domain.applications.keys.used import store
from gatepass.server.domain.applications.keys.used.memory import UsedAssertions
from gatepass.server.storage.database import Database

_KEPT_LONGER = timedelta(seconds=60)  # than `exp`, as the clocks of two nodes differ
_READ_APART = 1.0  # seconds without a transaction, after which others' uses may be many
_ROWS_AT_ONCE = 500


class Ledger:
    """The uses that this process knows of, and the number up to which it has read the table.

    A use counts as the first if memory does not have it when it is presented (`add`), nor the table
    when it is recorded: a transaction that writes has read all rows before it, and is alone.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.memory = UsedAssertions()
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()  # a transaction at a time
        self._seen = 0  # the number of the last row that was read or written
        self._read_at = -math.inf  # monotonic
        # What other processes recorded when memory had it already: used by both, there first.
        self._of_others: dict[bytes, int] = {}

    def add(self, digest: bytes, expires_at: float, now: float) -> bool:
        """Note a use in memory; return False if it is there. Times are Unix seconds."""
        return self.memory.add(digest, expires_at, now)

    def record(self, uses: Mapping[bytes, float]) -> Collection[bytes]:
        """Record uses that `add` has noted, by digest with `exp`; return those that are not first.

        Durable when this returns; blocks. Raises DatabaseAwayError.
        """
        ends = {digest: math.ceil(end) for digest, end in uses.items()}
        until = datetime.fromtimestamp(max(ends.values()), UTC) + _KEPT_LONGER
        with self._lock:
            if time.monotonic() - self._read_at > _READ_APART:
                self._catch_up()
            with self._database.write() as connection:
                rows = store.after(connection, self._seen)
                seq = store.add(connection, ends, until)
                if seq <= self._seen:  # the database is another one, as after a restored backup
                    rows = [each for each in store.after(connection, 0) if each.seq != seq]
            self._merge(rows)
            self._seen, self._read_at = seq, time.monotonic()
            return self._of_others.keys() & ends.keys()

    def _catch_up(self) -> None:
        """Read what others recorded in the meantime, before other writers have to wait for it."""
        rows: list[store.Row] | None = None
        while rows is None or len(rows) == _ROWS_AT_ONCE:
            with self._database.read() as connection:
                rows = store.after(connection, self._seen, _ROWS_AT_ONCE)
            self._merge(rows)
            self._seen = rows[-1].seq if rows else self._seen

    def _merge(self, rows: Iterable[store.Row]) -> None:
        now = self._clock()
        for digest in [each for each, end in self._of_others.items() if end <= now]:
            del self._of_others[digest]
        for row in rows:
            for digest, end in row.read():
                if end > now and not self.memory.add(digest, end, now):
                    self._of_others[digest] = end
