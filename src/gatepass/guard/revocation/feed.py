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

WAIT = 20  # seconds that the server may hold a request
LIMIT = 30.0  # seconds without a response after which the feed is stale

State = Literal["fresh", "stale"]

_LOG = logging.getLogger("gatepass.guard")
_LONGEST_WAIT = 30  # seconds; the server waits no longer
_SLACK = 10.0  # seconds, beyond the wait, in which a response must be complete
_FIRST_RETRY, _LAST_RETRY = 0.25, 8.0  # seconds
_PRUNE_EVERY = 3600.0  # seconds
_KEPT_AFTER_EXPIRY = 120  # seconds that a token is kept beyond its expiry, as clocks differ
_NEVER = -math.inf
_NO_THREAD = "no thread can be started, which is tried again"
_CHECK_EVERY = 1.0  # seconds between two checks of the process and the thread


class Feed:
    """The issuer's revocations, known within a second.

    It starts at the first check of a token, or by `start`, and starts again in a forked process.
    Until the first snapshot is complete, and after `limit` seconds in which it was not confirmed to
    be current, it is stale: then it must not be relied upon. It does not use the guard's clock for
    that, so a wrong one changes nothing. `wait` (1 to 30 seconds) is how long the server may hold
    a request. Without `credentials` they are those of the guard that has the feed, else of the
    environment (see `Credentials.read`). Raises ValueError for an issuer or `url` to which a secret
    must not travel; if there are no credentials, `status` and the guard report it. A proxy of the
    environment is used for https alone (see `may_use_proxy`).
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
        self._reset()
        _FEEDS.add(self)

    def is_revoked(
        self, token_id: str | None, client_id: str, issued_at: float | None, kid: str | None = None
    ) -> bool:
        """Return whether a token of the feed's issuer is revoked (see `RevocationState`).

        Does NOT check whether the feed is fresh (see `state`).
        """
        return self._protocol.revocations.is_revoked(token_id, client_id, issued_at, kid)

    def state(self, _now: float = 0.0) -> State:
        """Return whether it can be relied upon; start it. The guard's own time is not used."""
        now = self._clock()
        if now >= self._next_check_at:
            self._check_thread(now)
        return "fresh" if now - self._known_at <= self._limit else "stale"

    def lag(self, _now: float = 0.0) -> float | None:
        """Return the seconds since it was last current; None before the first time."""
        lag = self._clock() - self._known_at
        return lag if math.isfinite(lag) else None

    def status(self) -> dict[str, object]:
        """Return `state`, `lag`, `limit`, `problem`, and the number of known revocations.

        `lag` is in seconds, None before the first snapshot; `problem` is empty without one.
        """
        lag = self.lag()
        return {
            "state": self.state(),
            "lag": None if lag is None else round(lag, 3),
            "limit": self._limit,
            "problem": self._problem,
            **self._protocol.revocations.counts(),
        }

    def use_credentials(self, offered: Credentials | None) -> None:
        """Use a guard's credentials, unless the feed has its own already.

        Raises ValueError if there are none, nor in the environment.
        """
        if self._credentials is None:
            self._credentials = offered or Credentials.read(None, None, os.environ)

    def start(self) -> None:
        """Start the thread, unless it runs or the feed is closed; `status` has any failure."""
        with self._lock:
            if self._thread is not None or self._is_closed:
                return
            arguments = (self._protocol, self._stop)
            thread = threading.Thread(
                target=self._run, args=arguments, name="gatepass-feed", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:  # a limit is reached, or the interpreter ends
                self._log_failure(FeedError(f"{_NO_THREAD} ({error})"), 1)
            else:
                self._thread = thread

    def ready(self, seconds: float) -> bool:
        """Wait until the first snapshot is complete, at most so long; return whether it is."""
        give_up = time.monotonic() + seconds
        while True:
            self._check_thread(self._clock())
            left = give_up - time.monotonic()
            if self._is_ready.wait(max(min(left, _CHECK_EVERY), 0.0)):
                return True
            if left <= 0:
                return False

    def close(self) -> None:
        """Stop the thread and its connection; from now on the feed is stale."""
        self._reset_after_fork()
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
        """Drop everything, and start at the next check: gevent may patch the process until then."""
        self._reset()
        self._process = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _reset(self) -> None:
        """Drop everything; thread, locks and connections may be those of a parent process."""
        self._stop.set()  # greenlets survive a fork
        self._stop = threading.Event()
        self._protocol = FeedProtocol(self._url, self._wait)
        self._lock = threading.Lock()
        self._thread = None
        self._connection = None
        self._is_ready = threading.Event()
        self._known_at = _NEVER
        self._next_check_at = _NEVER
        self._problem = ""
        self._process = os.getpid()

    def _check_thread(self, now: float) -> None:
        """Start the thread if it does not run; interrupt an exchange that takes too long."""
        self._reset_after_fork()
        self._next_check_at = now + _CHECK_EVERY
        connection = self._connection
        if connection is not None:
            connection.cut_overdue()
        elif self._thread is None:
            self.start()

    def _reset_after_fork(self) -> None:
        """Reset in a forked process: some servers, such as uWSGI, call no hook of Python's."""
        with _RESETTING:
            if self._process != os.getpid():
                self._reset()

    def _run(self, protocol: FeedProtocol, stop: threading.Event) -> None:
        """Read the feed until stopped; every failure is retried."""
        failures, pruned, connection = 0, self._clock(), None
        try:
            while not stop.is_set():
                try:
                    connection = connection or self._connect(stop)
                    page, pause = self._poll(protocol, connection, stop)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                    if stop.is_set():
                        return
                    failures += 1
                    pause = self._log_failure(error, failures)
                else:
                    failures = 0
                    if self._clock() - pruned >= _PRUNE_EVERY:
                        pruned = self._clock()
                        now = min(page.time, time.time())  # the clock that is behind
                        protocol.revocations.prune(now - _KEPT_AFTER_EXPIRY)
                stop.wait(pause)
        finally:
            if connection is not None:
                connection.close()
            self._release(stop)

    def _connect(self, stop: threading.Event) -> Connection:
        """Return a connection that `close` can end; raise FeedError if it cannot be made."""
        made = Connection(self._url, self._wait + _SLACK)
        with self._lock:
            if stop is self._stop:
                self._connection = made
        if stop.is_set():
            made.end()
        return made

    def _poll(
        self, protocol: FeedProtocol, connection: Connection, stop: threading.Event
    ) -> tuple[Page, float]:
        started = self._clock()
        response = connection.exchange(protocol.request(self._own_credentials()))
        now = self._clock()
        page, pause = protocol.receive(response, now - started)
        if not page.more and not stop.is_set():
            self._update(now - page.age)
        return page, pause

    def _own_credentials(self) -> Credentials:
        if self._credentials is None:
            try:
                self._credentials = Credentials.read(None, None, os.environ)
            except ValueError as error:
                raise FeedError(str(error)) from None
        return self._credentials

    def _release(self, stop: threading.Event) -> None:
        """Record that the thread has ended, for any reason: the next check starts another."""
        with self._lock:
            if stop is self._stop:
                self._thread = self._connection = None

    def _update(self, known_at: float) -> None:
        """Record that every revocation up to a time of the clock is known."""
        self._known_at = max(self._known_at, known_at)  # the next worker may be a little behind
        if self._problem:
            _LOG.info("the revocation feed answers again")
            self._problem = ""
        self._is_ready.set()

    def _log_failure(self, error: Exception, failures: int) -> float:
        """Log a failure, once for each reason; return the seconds to pause, with full jitter."""
        why = str(error) if isinstance(error, FeedError) else type(error).__name__
        if why != self._problem:
            _LOG.warning("the revocation feed cannot be followed: %s", why)
            self._problem = why
        longest = min(_FIRST_RETRY * 2.0 ** min(failures, 10), _LAST_RETRY)
        retry_after = error.retry_after if isinstance(error, FeedError) else 0.0
        return retry_after + random.uniform(0, longest)  # noqa: S311 - no secret


_FEEDS: WeakSet[Feed] = WeakSet()
_RESETTING = threading.Lock()


def reset_after_fork() -> None:
    """Reset every feed of a process that was just forked."""
    for feed in list(_FEEDS):
        feed.after_fork()


# Windows does not fork.
getattr(os, "register_at_fork", dict)(after_in_child=reset_after_fork)
