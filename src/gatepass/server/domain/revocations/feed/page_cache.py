"""The last pages of the feed, each read once for all who want it."""

import asyncio
from collections.abc import Callable
from functools import partial

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.concurrency.single_flight import SingleFlight
from gatepass.server.domain.revocations.feed.cursor import Cursor
from gatepass.server.domain.revocations.feed.page import Page
from gatepass.server.storage.errors import DatabaseAwayError

_THREADS = 2  # readers must not take all connections from those who write
_PAGES = 4  # of up to half a megabyte each

_Key = tuple[int, Cursor | None]


class PageCache:
    """Reads pages in threads of its own; concurrent callers for one page share the reading."""

    def __init__(self, name: str, read: Callable[[Cursor | None], Page]) -> None:
        self._read = read
        self._pages: BoundedCache[_Key, Page] = BoundedCache(_PAGES)
        self._readings = SingleFlight(_THREADS, f"feed {name}", DatabaseAwayError)

    async def get(self, cursor: Cursor | None, seq: int, rebuilds: int) -> Page:
        """Return the page after a cursor, read when change `seq` was committed, or later.

        `rebuilds` is how often memory was built again because the database was replaced: a page
        of the earlier database is not returned. Raises DatabaseAwayError.
        """
        key = rebuilds, cursor
        page = await self._page(key, seq)
        if page.upto < seq:  # the reading that it joined had begun before that commit
            page = await self._page(key, seq)
        return page

    def close(self) -> None:
        """End the threads after the readings in flight."""
        self._readings.close()

    async def _page(self, key: _Key, seq: int) -> Page:
        page = self._pages.get(key)
        if page is not None and page.upto >= seq:
            return page
        reading = self._readings.join(key, partial(self._take, key))
        # A caller that is cancelled must not cancel the reading of the others.
        return await asyncio.shield(asyncio.wrap_future(reading))

    def _take(self, key: _Key) -> Page:
        return self._pages.put(key, self._read(key[1]))
