"""Follows the revocation feed in a thread of its own, for synchronous and asynchronous APIs."""

import asyncio
import logging
import math
import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Self
from weakref import WeakSet

import httpx2

from gatepass.guard.addresses import checked
from gatepass.guard.credentials import Credentials
from gatepass.guard.feed_page import LONGEST, Page
from gatepass.guard.following import FeedError, Following, feed_endpoint
from gatepass.wire.flow import Request, Response
from gatepass.wire.loopback import may_use_proxy

WAIT = 20  # seconds that the server may keep a question open
LIMIT = 30.0  # seconds without word after which the feed is silent

State = Literal["fresh", "silent"]

_LOG = logging.getLogger("gatepass.guard")
_LONGEST_WAIT = 30  # seconds; the server waits no longer
_CONNECT = 5.0  # seconds
_SLACK = 10.0  # seconds, beyond the wait, in which an answer must be whole
_FIRST_RETRY, _LAST_RETRY = 0.25, 8.0  # seconds
_PRUNE_EVERY = 3600.0  # seconds
_STILL_GOOD = 120  # seconds that a token is kept beyond its expiry, as clocks differ
_NEVER = -math.inf
_NO_PROXY = "a proxy setting of the environment (HTTPS_PROXY, ALL_PROXY) cannot be used: correct it"


class Feed:
    """What the issuer has revoked, known within a second.

    It starts at the first question, or by `start`, and begins anew in a process that was
    forked. Until the first snapshot is whole, and whenever it has not learned for `limit`
    seconds that it knows everything, it is silent: then it must not be relied upon. It never
    asks the guard's clock for that, so that a wrong one changes nothing. `wait` is in seconds.
    Without `credentials` they are those of the environment, as a guard's (see `Credentials.read`).
    Raises ValueError for an issuer or `url` to which a secret must not travel, and without any
    credentials. A proxy of the environment carries https alone (see `may_use_proxy`).
    """

    _thread: threading.Thread | None
    _cancel: Callable[[], object] | None

    def __init__(
        self,
        issuer: str,
        credentials: Credentials | None = None,
        *,
        url: str | None = None,
        wait: int = WAIT,
        limit: float = LIMIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 1 <= wait <= _LONGEST_WAIT or not wait < limit:
            raise ValueError(f"wait 1 to {_LONGEST_WAIT} seconds, and less than the limit")
        self._url = checked(url, "the feed's url") if url else feed_endpoint(issuer)
        self._credentials = credentials or Credentials.read(None, None, os.environ)
        self._wait = wait
        self._limit = limit
        self._clock = clock
        self._is_closed = False
        self._begin()
        _FEEDS.add(self)

    def is_revoked(
        self, token_id: str | None, client_id: str, issued_at: float | None, kid: str | None = None
    ) -> bool:
        """Tell whether a token of the feed's issuer is void (see `Revocations.is_revoked`).

        Does NOT check whether the feed is fresh (see `state`).
        """
        return self._following.memory.is_revoked(token_id, client_id, issued_at, kid)

    def state(self, _now: float = 0.0) -> State:
        """Tell whether it can be relied upon; starts it. The guard's own time does not count."""
        if self._thread is None:
            self.start()
        return "fresh" if self._clock() - self._known_at <= self._limit else "silent"

    def lag(self, _now: float = 0.0) -> float | None:
        """Give the seconds since it last knew everything; None before the first time."""
        lag = self._clock() - self._known_at
        return lag if math.isfinite(lag) else None

    def status(self) -> dict[str, object]:
        """Give its health: `state`, `lag`, `limit`, `problem`, and how much is known.

        `lag` is in seconds, None before the first snapshot; `problem` is empty while there is none.
        """
        lag = self.lag()
        return {
            "state": self.state(),
            "lag": None if lag is None else round(lag, 3),
            "limit": self._limit,
            "problem": self._problem,
            **self._following.memory.counts(),
        }

    def start(self) -> None:
        """Begin to follow, unless that has begun or was ended."""
        with self._lock:
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(target=self._run, name="gatepass-feed", daemon=True)
                self._thread.start()

    def ready(self, seconds: float) -> bool:
        """Wait until the first snapshot is whole, at most so long; tell whether it is."""
        self.start()
        return self._is_ready.wait(seconds)

    def close(self) -> None:
        """End the thread and its connection; from now on the feed is silent."""
        with self._lock:
            self._is_closed = True
            cancel, thread = self._cancel, self._thread
        if cancel:
            with suppress(RuntimeError):  # its loop has ended already
                cancel()
        if thread is not None:
            thread.join(_SLACK)
        self._known_at = _NEVER

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _begin(self) -> None:
        """Know nothing; of a parent process neither thread, locks nor connections are ours."""
        self._following = Following(self._url, self._credentials, self._wait)
        self._lock = threading.Lock()
        self._thread = None
        self._cancel = None
        self._is_ready = threading.Event()
        self._known_at = _NEVER
        self._problem = ""

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._follow())

    async def _follow(self) -> None:
        """Ask and learn until cancelled."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        with self._lock:
            if self._is_closed:
                return
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        failures, pruned = 0, self._clock()
        try:
            client = self._client()
        except Exception as error:  # noqa: BLE001 - the environment is not read again
            self._failed(FeedError(f"{_NO_PROXY} ({type(error).__name__})"), 1)
            return
        async with client:
            while True:
                try:
                    page, pause = await self._poll(client)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                    failures += 1
                    pause = self._failed(error, failures)
                else:
                    failures = 0
                    if self._clock() - pruned >= _PRUNE_EVERY:
                        pruned = self._clock()
                        now = min(page.time, time.time())  # whichever clock is not ahead
                        self._following.memory.prune(now - _STILL_GOOD)
                await asyncio.sleep(pause)

    def _client(self) -> httpx2.AsyncClient:
        secure = may_use_proxy(self._url)
        timeout = httpx2.Timeout(self._wait + _SLACK, connect=_CONNECT)
        return httpx2.AsyncClient(
            verify=secure, trust_env=secure, timeout=timeout, follow_redirects=False
        )

    async def _poll(self, client: httpx2.AsyncClient) -> tuple[Page, float]:
        started = self._clock()
        response = await self._exchange(client, self._following.ask())
        now = self._clock()
        page, pause = self._following.take(response, now - started)
        if not page.more:
            self._learned(now - page.age)
        return page, pause

    async def _exchange(self, client: httpx2.AsyncClient, request: Request) -> Response:
        """Send a question; raise FeedError for an answer that is too long, or what hinders it."""
        body = bytearray()
        async with asyncio.timeout(self._wait + _SLACK):
            async with client.stream(
                request.method, request.url, headers=dict(request.headers)
            ) as answer:
                async for piece in answer.aiter_raw():  # as sent: nothing is unpacked
                    body += piece
                    if len(body) > LONGEST:
                        raise FeedError(f"the feed's answer is longer than {LONGEST} bytes")
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status_code, headers, bytes(body))

    def _learned(self, known_at: float) -> None:
        """Note that everything is known that was revoked up to a moment of the clock."""
        self._known_at = max(self._known_at, known_at)  # the next worker may be a little behind
        if self._problem:
            _LOG.info("the revocation feed answers again")
            self._problem = ""
        self._is_ready.set()

    def _failed(self, error: Exception, failures: int) -> float:
        """Say what went wrong, once for each reason; give how long to pause: with full jitter."""
        why = str(error) if isinstance(error, FeedError) else type(error).__name__
        if why != self._problem:
            _LOG.warning("the revocation feed cannot be followed: %s", why)
            self._problem = why
        longest = min(_FIRST_RETRY * 2.0 ** min(failures, 10), _LAST_RETRY)
        retry_after = error.retry_after if isinstance(error, FeedError) else 0.0
        return retry_after + random.uniform(0, longest)  # noqa: S311 - no secret


_FEEDS: WeakSet[Feed] = WeakSet()


def begin_anew() -> None:
    """Have every feed of a process that was just forked know nothing, and start when asked."""
    for feed in list(_FEEDS):
        feed._begin()  # noqa: SLF001 - the feed's own, for the fork's sake outside of it


# Windows does not fork.
getattr(os, "register_at_fork", dict)(after_in_child=begin_anew)
