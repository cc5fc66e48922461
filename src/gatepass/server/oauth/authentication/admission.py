"""Assertions are accepted once, by all processes: those of one moment by one transaction."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

import structlog

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.server.domain.applications.keys.used import store
from gatepass.server.domain.applications.keys.used.memory import UsedAssertions
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Database
from gatepass.server.storage.errors import DatabaseAwayError

WhenAway = Literal["memory", "refuse"]
"""What is done while the database is away: this process remembers, or nothing is accepted."""

_MOST_TOGETHER = 500  # in a transaction, as other writers wait for it
_KEPT_LONGER = timedelta(seconds=60)  # than `exp`, as the clocks of two nodes differ
_LOG_EVERY = 60.0  # seconds

log = structlog.get_logger("gatepass.server")


class Admission:
    """One use of an assertion, until the database said whether it is the first."""

    def __init__(self, digest: bytes, expires_at: float) -> None:
        self.digest = digest
        self.expires_at = datetime.fromtimestamp(expires_at, UTC) + _KEPT_LONGER
        self.is_first = False
        self.until = time.monotonic() + deadline.remaining()


class Admissions:
    """Asks the database which assertions are used for the first time; for one event loop.

    `is_away` says whether the database is known to be away. Then, or where it does not answer, an
    assertion counts by the memory of this process alone, where the policy is `memory`.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        is_away: Callable[[], bool],
        when_away: WhenAway = "memory",
    ) -> None:
        self.used = UsedAssertions()
        self._name = name
        self._database = database
        self._is_away = is_away
        self._when_away = when_away
        self._queue: list[tuple[Admission, asyncio.Future[None]]] = []
        self._is_running = False  # a transaction, at most one: what comes meanwhile is in the next
        self._logged = BoundedCache[str, float](1)

    def join(self, admission: Admission) -> "asyncio.Future[None]":
        """Return a future that is done when it is known whether a use is the first."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._queue.append((admission, future))
        if len(self._queue) == 1 and not self._is_running:
            loop.call_soon(self._start)  # after the other requests of this turn
        return future

    def admit(self, admissions: Sequence[Admission]) -> None:
        """Find out which uses are the first ones; blocks. Raises DatabaseAwayError by policy."""
        try:
            self._write(admissions)
        except DatabaseAwayError as error:
            if self._when_away == "refuse":
                raise
            self._note(str(error))
            for each in admissions:
                each.is_first = True  # this process has not seen it before

    def _write(self, admissions: Sequence[Admission]) -> None:
        if self._is_away():
            raise DatabaseAwayError("it was away when it was last read")
        ends = {each.digest: each.expires_at for each in admissions}
        with self._database.write() as connection:
            new = store.add(connection, ends)
        for each in admissions:
            each.is_first = each.digest in new

    def _note(self, error: str) -> None:
        now = time.monotonic()
        if now - (self._logged.get("") or -_LOG_EVERY) >= _LOG_EVERY:
            self._logged.put("", now)
            log.warning("assertions.in_memory", environment=self._name, error=error)

    def _start(self) -> None:
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

    def _run(self, batch: Sequence[tuple[Admission, "asyncio.Future[None]"]]) -> None:
        admissions = [admission for admission, _ in batch]
        until = min(each.until for each in admissions)
        with deadline.shared(max(0.0, until - time.monotonic())):
            self.admit(admissions)

    def _done(
        self,
        batch: Sequence[tuple[Admission, "asyncio.Future[None]"]],
        work: "asyncio.Future[None]",
    ) -> None:
        self._is_running = False
        self._respond(batch, work.exception())
        self._start()

    def _respond(
        self,
        batch: Sequence[tuple[Admission, "asyncio.Future[None]"]],
        error: BaseException | None,
    ) -> None:
        for _, future in batch:
            if future.done():  # its request has ended
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
