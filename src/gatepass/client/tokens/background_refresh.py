"""Renews a token in the background, so that no caller waits for it."""

import asyncio
import logging
import threading
import weakref
from contextlib import suppress
from typing import Protocol

from gatepass.client.errors import ClientError

_log = logging.getLogger("gatepass.client")

_MAX_INTERVAL = 30.0  # seconds
_MIN_INTERVAL = 0.1  # seconds; a renewal that is due may be under way


class Renewable(Protocol):
    """What the background refresh needs of a token source."""

    def due_in(self) -> float:
        """Return the seconds until the next renewal is due, 0 when it is due now."""

    def token(self) -> object:
        """Renew the token if that is due; raise ClientError where it fails."""

    async def atoken(self) -> object:
        """Do what `token` does, in an asyncio task."""


class BackgroundRefresh:
    """A thread, or a task of one event loop, that renews a source's token when it is due.

    It ends with `stop` or `stop_task`, or when the source is garbage-collected. Timers stop
    while the machine sleeps, so the source's clock is read at least every `max_interval`
    seconds.
    """

    def __init__(self, source: Renewable, max_interval: float = _MAX_INTERVAL) -> None:
        self._source = weakref.ref(source)
        self._max_interval = max_interval
        self._stopped = threading.Event()
        self._lock = threading.RLock()  # a signal handler may come between
        self._thread: threading.Thread | None = None
        self._has_warned = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start a thread, unless one runs or the refresh was stopped.

        Where no thread can be started now, the next call tries again; meanwhile callers renew
        the token themselves, as without a background refresh.
        """
        with self._lock:
            is_running = self._thread is not None and self._thread.is_alive()
            if is_running or self._task is not None or self._stopped.is_set():
                return
            thread = threading.Thread(target=self._run, name="gatepass-keep-fresh", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self._warn_once(error)
            else:
                self._thread = thread

    def stop(self) -> None:
        """Stop for good, without waiting for a renewal under way."""
        self._stopped.set()

    def _warn_once(self, error: RuntimeError) -> None:
        if not self._has_warned:
            self._has_warned = True
            _log.warning("token not renewed in the background yet, no thread starts: %s", error)

    def start_task(self) -> None:
        """Start a task of the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._arun())

    async def stop_task(self) -> None:
        """Stop for good, and wait until the task has ended."""
        self._stopped.set()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _run(self) -> None:
        while not self._stopped.wait(self._interval()) and self._renew():
            pass

    def _renew(self) -> bool:
        """Renew if it is due; return whether the source still exists. Keeps no reference to it."""
        source = self._source()
        if source is not None and source.due_in() == 0:
            with suppress(ClientError):  # the source has logged it
                source.token()
        return source is not None

    async def _arun(self) -> None:
        while await self._arenew():  # noqa: ASYNC110 - it waits for a time, not for an event
            await asyncio.sleep(self._interval())

    async def _arenew(self) -> bool:
        source = self._source()
        if source is not None and source.due_in() == 0:
            with suppress(ClientError):
                await source.atoken()
        return source is not None

    def _interval(self) -> float:
        source = self._source()
        due_in = 0.0 if source is None else source.due_in()
        return min(max(due_in, _MIN_INTERVAL), self._max_interval)
