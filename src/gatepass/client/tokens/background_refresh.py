"""Renews a source's token in the background, so that no caller ever waits for it."""

import asyncio
import logging
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from gatepass.client.errors import ClientError

if TYPE_CHECKING:
    from gatepass.client.tokens.source import TokenSource

_log = logging.getLogger("gatepass.client")

_LONGEST_NAP = 30.0  # seconds
_SHORTEST_NAP = 0.1  # seconds: a due renewal may be under way already


class BackgroundRefresh:
    """A thread, or a task of one event loop, that asks a source for its token when it is due.

    It ends with `stop` or `stop_task`, and by itself when nobody holds the source any longer.
    Timers stand still while the machine sleeps, so the source's clock is looked at each
    `longest_nap` seconds.
    """

    def __init__(self, source: "TokenSource", longest_nap: float = _LONGEST_NAP) -> None:
        self._source = weakref.ref(source)
        self._longest_nap = longest_nap
        self._stopped = threading.Event()
        self._lock = threading.RLock()  # a signal handler may come between
        self._thread: threading.Thread | None = None
        self._has_warned = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin in a thread, unless it has begun or was stopped.

        Where no thread can be started now, the next call tries again; meanwhile callers renew
        the token as they do without a keeper.
        """
        with self._lock:
            runs = self._thread is not None and self._thread.is_alive()
            if runs or self._task is not None or self._stopped.is_set():
                return
            thread = threading.Thread(target=self._run, name="gatepass-keep-fresh", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self._warn_once(error)
            else:
                self._thread = thread

    def stop(self) -> None:
        """End for good; a renewal under way is not waited for."""
        self._stopped.set()

    def _warn_once(self, error: RuntimeError) -> None:
        if not self._has_warned:
            self._has_warned = True
            _log.warning("token not renewed in the background yet, no thread starts: %s", error)

    def start_task(self) -> None:
        """Begin in a task of the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._arun())

    async def stop_task(self) -> None:
        """End for good, and wait until the task has ended."""
        self._stopped.set()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _run(self) -> None:
        while not self._stopped.wait(self._nap()) and self._renew():
            pass

    def _renew(self) -> bool:
        """Ask if it is time; tell whether the source is still there. Keeps no hold of it."""
        source = self._source()
        if source is not None and source.due_in() == 0:
            with suppress(ClientError):  # the source has told of it
                source.token()
        return source is not None

    async def _arun(self) -> None:
        while await self._arenew():  # noqa: ASYNC110 - it waits for time, not for an event
            await asyncio.sleep(self._nap())

    async def _arenew(self) -> bool:
        source = self._source()
        if source is not None and source.due_in() == 0:
            with suppress(ClientError):
                await source.atoken()
        return source is not None

    def _nap(self) -> float:
        source = self._source()
        due_in = 0.0 if source is None else source.due_in()
        return min(max(due_in, _SHORTEST_NAP), self._longest_nap)
