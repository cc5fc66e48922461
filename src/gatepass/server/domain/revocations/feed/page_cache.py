"""Reads pages in threads of its own, once for all who want the same one."""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from gatepass.server.domain.revocations.feed.cursor import Cursor
from gatepass.server.domain.revocations.feed.page import Page

_THREADS = 2  # readers must not take all connections from those who write
_KEPT = 4  # pages, of up to half a megabyte each


class PageCache:
    """The last pages, and those that are being read."""

    def __init__(self, name: str, read: Callable[[Cursor | None], Page]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._reading: dict[Cursor | None, Future[Page]] = {}
        self._forgotten = 0  # times
        self._kept: OrderedDict[Cursor | None, Page] = OrderedDict()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"feed {name}")

    async def get(self, cursor: Cursor | None, seq: int) -> Page:
        """Give the page behind a cursor, read when change `seq` was known or later.

        Raises DatabaseAwayError.
        """
        page = await self._ask(cursor, seq)
        if page.upto < seq:  # it was being read already when that was committed
            page = await self._ask(cursor, seq)
        return page

    def forget(self) -> None:
        """Forget every page, those included that are being read: the database is another one."""
        with self._lock:
            self._forgotten += 1
            self._kept.clear()
            self._reading.clear()

    def close(self) -> None:
        """End the threads, after what they are at."""
        self._threads.shutdown()

    async def _ask(self, cursor: Cursor | None, seq: int) -> Page:
        with self._lock:
            page = self._kept.get(cursor)
            if page is not None and page.upto >= seq:
                return page
            reading = self._reading.get(cursor)
            if reading is None:
                reading = self._threads.submit(self._take, cursor, self._forgotten)
                self._reading[cursor] = reading
        # who goes away must not take it from the others
        return await asyncio.shield(asyncio.wrap_future(reading))

    def _take(self, cursor: Cursor | None, forgotten: int) -> Page:
        page = None
        try:
            page = self._read(cursor)
        finally:
            with self._lock:
                if forgotten == self._forgotten:
                    del self._reading[cursor]
                    if page is not None:
                        self._keep(cursor, page)
        return page

    def _keep(self, cursor: Cursor | None, page: Page) -> None:
        self._kept[cursor] = page
        self._kept.move_to_end(cursor)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
