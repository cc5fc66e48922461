"""Follows the revocation feed in a thread of its own, for synchronous and asynchronous APIs."""

import logging
import math
import os
import random
import threading
import time
from collections.abc import Callable
from typing import Literal, Self
from weakref import WeakSet

from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.issuer.urls import checked
from gatepass.guard.revocation.connection import Connection
from gatepass.guard.revocation.feed_page import Page
from gatepass.guard.revocation.feed_protocol import FeedError, FeedProtocol, feed_endpoint

WAIT = 20  # seconds that the server may keep a question open
LIMIT = 30.0  # seconds without word after which the feed is stale

State = Literal["fresh", "stale"]

_LOG = logging.getLogger("gatepass.guard")
_LONGEST_WAIT = 30  # seconds; the server waits no longer
_SLACK = 10.0  # seconds, beyond the wait, in which an answer must be whole
_FIRST_RETRY, _LAST_RETRY = 0.25, 8.0  # seconds
_PRUNE_EVERY = 3600.0  # seconds
_STILL_GOOD = 120  # seconds that a token is kept beyond its expiry, as clocks differ
_NEVER = -math.inf
_NO_THREAD = "no thread can be started, which is tried again"
_LOOK_EVERY = 1.0  # seconds between two looks at the follower's process and thread


class Feed:
    """What the issuer has revoked, known within a second.

    It starts at the first question, or by `start`, and begins anew in a process that was
    forked. Until the first snapshot is whole, and whenever it has not learned for `limit`
    seconds that it knows everything, it is stale: then it must not be relied upon. It never
    asks the guard's clock for that, so that a wrong one changes nothing. `wait` is in seconds.
    Without `credentials` they are those of the guard that has the feed, else of the environment
    (see `Credentials.read`). Raises ValueError for an issuer or `url` to which a secret must not
    travel; without any credentials, `status` and the guard say so. A proxy of the environment
    carries https alone (see `may_use_proxy`).
    """

    _thread: threading.Thread | None
    _connection: Connection | None

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
        self._credentials = credentials
        self._wait = wait
        self._limit = limit
        self._clock = clock
        self._is_closed = False
        self._stop = threading.Event()
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
        now = self._clock()
        if now >= self._look_at:
            self._look(now)
        return "fresh" if now - self._known_at <= self._limit else "stale"

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

    def take_credentials(self, offered: Credentials | None) -> None:
        """Use a guard's credentials, unless the feed has its own already.

        Raises ValueError where there are none, in the environment neither.
        """
        if self._credentials is None:
            self._credentials = offered or Credentials.read(None, None, os.environ)

    def start(self) -> None:
        """Begin to follow, unless that has begun or was ended; `status` says why it cannot."""
        with self._lock:
            if self._thread is not None or self._is_closed:
                return
            follower = (self._following, self._stop)
            thread = threading.Thread(
                target=self._run, args=follower, name="gatepass-feed", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:  # a limit is reached, or the interpreter ends
                self._failed(FeedError(f"{_NO_THREAD} ({error})"), 1)
            else:
                self._thread = thread

    def ready(self, seconds: float) -> bool:
        """Wait until the first snapshot is whole, at most so long; tell whether it is."""
        give_up = time.monotonic() + seconds
        while True:
            self._look(self._clock())
            left = give_up - time.monotonic()
            if self._is_ready.wait(max(min(left, _LOOK_EVERY), 0.0)):
                return True
            if left <= 0:
                return False

    def close(self) -> None:
        """End the thread and its connection; from now on the feed is stale."""
        self._renew_after_fork()
        with self._lock:
            self._is_closed = True
            self._stop.set()
            connection, thread = self._connection, self._thread
        if connection is not None:
            connection.end()
        if thread is not None:
            thread.join(_SLACK)
        self._known_at = _NEVER

    def after_fork(self) -> None:
        """Know nothing, and begin at the next question: gevent may patch the process until then."""
        self._begin()
        self._process = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _begin(self) -> None:
        """Know nothing; of a parent process neither thread, locks nor connections are ours."""
        self._stop.set()  # greenlets survive a fork
        self._stop = threading.Event()
        self._following = FeedProtocol(self._url, self._wait)
        self._lock = threading.Lock()
        self._thread = None
        self._connection = None
        self._is_ready = threading.Event()
        self._known_at = _NEVER
        self._look_at = _NEVER
        self._problem = ""
        self._process = os.getpid()

    def _look(self, now: float) -> None:
        """Start the thread if it does not run; interrupt an exchange that takes too long."""
        self._renew_after_fork()
        self._look_at = now + _LOOK_EVERY
        connection = self._connection
        if connection is not None:
            connection.cut_overdue()
        elif self._thread is None:
            self.start()

    def _renew_after_fork(self) -> None:
        """Begin anew in a forked process: some servers, as uWSGI, run no hooks of Python's."""
        with _RENEWING:
            if self._process != os.getpid():
                self._begin()

    def _run(self, following: FeedProtocol, stop: threading.Event) -> None:
        """Ask and learn until stopped; whatever fails is tried again."""
        failures, pruned, connection = 0, self._clock(), None
        try:
            while not stop.is_set():
                try:
                    connection = connection or self._connected(stop)
                    page, pause = self._poll(following, connection, stop)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                    if stop.is_set():
                        return
                    failures += 1
                    pause = self._failed(error, failures)
                else:
                    failures = 0
                    if self._clock() - pruned >= _PRUNE_EVERY:
                        pruned = self._clock()
                        now = min(page.time, time.time())  # whichever clock is not ahead
                        following.memory.prune(now - _STILL_GOOD)
                stop.wait(pause)
        finally:
            if connection is not None:
                connection.close()
            self._ended(stop)

    def _connected(self, stop: threading.Event) -> Connection:
        """Return a connection that `close` can end; raise FeedError where there can be none."""
        made = Connection(self._url, self._wait + _SLACK)
        with self._lock:
            if stop is self._stop:
                self._connection = made
        if stop.is_set():
            made.end()
        return made

    def _poll(
        self, following: FeedProtocol, connection: Connection, stop: threading.Event
    ) -> tuple[Page, float]:
        started = self._clock()
        response = connection.exchange(following.ask(self._proof()))
        now = self._clock()
        page, pause = following.take(response, now - started)
        if not page.more and not stop.is_set():
            self._learned(now - page.age)
        return page, pause

    def _proof(self) -> Credentials:
        if self._credentials is None:
            try:
                self._credentials = Credentials.read(None, None, os.environ)
            except ValueError as error:
                raise FeedError(str(error)) from None
        return self._credentials

    def _ended(self, stop: threading.Event) -> None:
        """Note that the thread has ended, whatever ended it: the next look starts another."""
        with self._lock:
            if stop is self._stop:
                self._thread = self._connection = None

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
_RENEWING = threading.Lock()


def begin_anew() -> None:
    """Have every feed of a process that was just forked know nothing, and start when asked."""
    for feed in list(_FEEDS):
        feed.after_fork()


# Windows does not fork.
getattr(os, "register_at_fork", dict)(after_in_child=begin_anew)
