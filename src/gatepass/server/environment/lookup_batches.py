"""Look-ups of applications that are not in memory: those of one turn of the loop by one query."""

import asyncio
import time
from collections.abc import Collection
from functools import partial
from typing import NamedTuple

from gatepass.server.domain.applications.cache import ApplicationCache, Lookup
from gatepass.server.storage import deadline

_MOST_TOGETHER = 200  # look-ups in a query


class _Waiters(NamedTuple):
    """Requests that wait for the same look-up, the first of them until `until` (monotonic)."""

    futures: list[asyncio.Future[None]]
    until: float


class LookupBatches:
    """Runs look-ups in threads, equal ones once; for one event loop.

    Nothing is returned but when it is done: the request then finds what it needs in memory, or
    asks again, if a change has overtaken the look-up.
    """

    def __init__(self, applications: ApplicationCache) -> None:
        self._applications = applications
        self._waiters: dict[Lookup, _Waiters] = {}
        self._queue: list[Lookup] = []
        self._is_running = False  # a query, at most one: what comes meanwhile is in the next

    def __len__(self) -> int:
        """Return how many look-ups requests wait for."""
        return len(self._waiters)

    def join(self, lookup: Lookup) -> "asyncio.Future[None]":
        """Return a future that is done with a look-up, or with another one that is the same."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        waiters = self._waiters.get(lookup)
        if waiters is None:
            until = time.monotonic() + deadline.remaining()
            self._waiters[lookup] = _Waiters([future], until)
            self._queue.append(lookup)
            if len(self._queue) == 1:
                loop.call_soon(self._start)  # after the other requests of this turn
        else:
            waiters.futures.append(future)
        return future

    def _start(self) -> None:
        """Start a query for what is in the queue, unless one runs."""
        loop = asyncio.get_running_loop()
        while self._queue and not self._is_running:
            batch = self._queue[:_MOST_TOGETHER]
            del self._queue[:_MOST_TOGETHER]
            until = min(self._waiters[each].until for each in batch)
            try:
                query = loop.run_in_executor(None, self._run, batch, until)
            except RuntimeError as error:  # no thread can be started
                self._respond(batch, error)
            else:
                self._is_running = True
                query.add_done_callback(partial(self._done, batch))

    def _run(self, batch: Collection[Lookup], until: float) -> None:
        with deadline.shared(max(0.0, until - time.monotonic())):
            self._applications.run(batch)

    def _done(self, batch: Collection[Lookup], query: "asyncio.Future[None]") -> None:
        self._is_running = False
        self._respond(batch, query.exception())
        self._start()

    def _respond(self, batch: Collection[Lookup], error: BaseException | None) -> None:
        for each in batch:
            for future in self._waiters.pop(each).futures:
                if future.done():  # its request has ended
                    continue
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)
