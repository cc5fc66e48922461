"""Assertions are accepted once, by all processes: those of one moment by one transaction."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import structlog

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.server.domain.applications.keys.used.ledger import Ledger
from gatepass.server.storage import deadline
from gatepass.server.storage.errors import DatabaseAwayError

_MOST_TOGETHER = 500  # in a transaction, as other writers wait for it
_BUSY = 8  # assertions in a transaction: the next one waits for more of them
_GATHERING = 0.002  # seconds that it waits, as a transaction costs as much as ten assertions
_LOG_EVERY = 60.0  # seconds

log = structlog.get_logger("gatepass.server")


class Admission:
    """One use of an assertion, until the database said whether it is the first.

    While the database is away it counts by the memory of this process, and `failure` is None; if
    `is_strict`, `failure` says that it cannot be known.
    """

    __slots__ = ("digest", "expires_at", "failure", "is_first", "is_strict", "until")

    def __init__(self, digest: bytes, expires_at: float, *, is_strict: bool = False) -> None:
        self.digest = digest
        self.expires_at = expires_at
        self.is_strict = is_strict
        self.is_first = False
        self.failure: DatabaseAwayError | None = None
        self.until = time.monotonic() + deadline.remaining()


_Waiting = tuple[Admission, "asyncio.Future[None]"]


class Admissions:
    """Asks the database which assertions are used for the first time; for one event loop.

    `is_away` says whether the database is known to be away.
    """

    def __init__(self, name: str, ledger: Ledger, is_away: Callable[[], bool]) -> None:
        self.used = ledger
        self._name = name
        self._is_away = is_away
        self._queue: list[_Waiting] = []
        self._is_running = False  # a transaction, at most one: what comes meanwhile is in the next
        self._is_due = False
        self._logged = BoundedCache[str, float](1)

    def join(self, admission: Admission) -> "asyncio.Future[None]":
        """Return a future that is done when it is known whether a use is the first."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._queue.append((admission, future))
        if not (self._is_running or self._is_due):
            self._is_due = True
            loop.call_soon(self._start)  # after the other requests of this turn
        return future

    def admit(self, admissions: Sequence[Admission]) -> None:
        """Find out which uses are the first ones; blocks."""
        try:
            used = self._record({each.digest: each.expires_at for each in admissions})
        except DatabaseAwayError as error:
            self._note(str(error))
            for each in admissions:
                each.failure = error if each.is_strict else None
                each.is_first = True  # this process has not seen it before
        else:
            for each in admissions:
                each.is_first = each.digest not in used

    def _record(self, uses: Mapping[bytes, float]) -> Collection[bytes]:
        if self._is_away():
            raise DatabaseAwayError("it was away when it was last read")
        return self.used.record(uses)

    def _note(self, error: str) -> None:
        now = time.monotonic()
        if now - (self._logged.get("") or -_LOG_EVERY) >= _LOG_EVERY:
            self._logged.put("", now)
            log.warning("assertions.in_memory", environment=self._name, error=error)

    def _start(self) -> None:
        self._is_due = False
        if not self._queue or self._is_running:
            return
        batch = self._queue[:_MOST_TOGETHER]
        del self._queue[:_MOST_TOGETHER]
        try:
            work = asyncio.get_running_loop().run_in_executor(None, self._run, batch)
        except RuntimeError as error:  # no thread can be started
            self._respond(batch, error)
        else:
            self._is_running = True
            work.add_done_callback(partial(self._done, batch))

    def _run(self, batch: Sequence[_Waiting]) -> None:
        admissions = [admission for admission, _ in batch]
        until = min(each.until for each in admissions)
        with deadline.shared(max(0.0, until - time.monotonic())):
            self.admit(admissions)

    def _done(self, batch: Sequence[_Waiting], work: "asyncio.Future[None]") -> None:
        self._is_running = False
        self._respond(batch, work.exception())
        if self._is_due or not (self._queue or len(batch) >= _BUSY):
            return
        self._is_due = True
        delay = _GATHERING if len(batch) >= _BUSY else 0.0
        asyncio.get_running_loop().call_later(delay, self._start)

    def _respond(self, batch: Sequence[_Waiting], error: BaseException | None) -> None:
        for _, future in batch:
            if future.done():  # its request has ended
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
