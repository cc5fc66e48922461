"""What a token source knows: its token, the renewal in flight and the backoff. No I/O.

Every method takes the lock for a few instructions, never across a wait.
"""

import math
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import RLock, get_ident
from typing import TypeAlias

from gatepass.client.errors import ClientError
from gatepass.client.tokens.backoff import Backoff
from gatepass.client.tokens.drivers import Outcome, Wait
from gatepass.client.tokens.token import CachedToken, State
from gatepass.wire.secret import Secret

_GRACE = 1.0  # seconds after its deadline in which a renewal reports its error
_EARLY_DEADLINE = 5.0  # seconds that a caller waits for a renewal while a token still works
_BETWEEN_REJECTIONS = 10.0  # seconds: an API that rejects two tokens sooner rejects them all


@dataclass(frozen=True, slots=True, eq=False)
class Renewal:
    """A renewal in flight, which ends by `deadline`.

    `stale` is a token that still works meanwhile; `thread` is where the renewal was started.
    """

    outcome: Future[Outcome]
    deadline: float
    stale: CachedToken | None
    thread: int


Turn: TypeAlias = CachedToken | Renewal | Wait


class SourceState:
    """The token that callers share; any number of threads may use it.

    `now` is the source's clock, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.token: CachedToken | None = None
        self.rejected: Secret | None = None  # the token that an API rejected last ...
        self._rejected_at = -math.inf  # ... and when
        self._now = now
        self._lock = RLock()  # a signal handler may interrupt its holder
        self._renewal: Renewal | None = None
        self._backoff = Backoff()

    def next_turn(self, deadline: float) -> Turn:
        """Return what a caller does now: use the token, renew it, or wait for a renewal."""
        with self._lock:
            now, token = self._now(), self.token
            state = State.EXPIRED if token is None else token.state(now)
            usable = None if state is State.EXPIRED else token
            renewal = self._in_flight(now)
            if usable is not None and (
                state is State.FRESH or renewal is not None or now < self._backoff.early_renewal_at
            ):
                return usable
            if renewal is not None:
                timeout = max(0.0, min(deadline, renewal.deadline + _GRACE) - now)
                return Wait(renewal.outcome, timeout, renewal.thread)
            error = self._backoff.error(now)
            if error is not None:
                raise error
            if usable is not None:
                deadline = min(deadline, now + _EARLY_DEADLINE)
            self._renewal = Renewal(Future(), deadline, usable, get_ident())
            # A caller that stops waiting cannot cancel it for all.
            self._renewal.outcome.set_running_or_notify_cancel()
            return self._renewal

    def _in_flight(self, now: float) -> Renewal | None:
        """Return the renewal in flight; one that is overdue was lost with its thread or loop."""
        renewal = self._renewal
        if renewal is None or now < renewal.deadline + _GRACE:
            return renewal
        self._renewal = None
        return None

    def store(self, token: CachedToken) -> None:
        """Let every caller use `token`, which is new."""
        with self._lock:
            self.token = token
            self._backoff.reset()

    def fall_back(self, renewal: Renewal, error: ClientError) -> CachedToken | ClientError:
        """Return the stale token where it still works, else the error; back off in both cases."""
        with self._lock:
            now, stale = self._now(), renewal.stale
            if stale is not None and stale is self.token and now < stale.expires_at:
                self._backoff.delay_early_renewal(error, now, stale.expires_at)
                return stale
            self._backoff.delay_request(error, now)
        return error

    def finish(self, renewal: Renewal, outcome: Outcome) -> None:
        """End `renewal` for the callers that wait for it."""
        with self._lock:
            if self._renewal is renewal:
                self._renewal = None
        renewal.outcome.set_result(outcome)

    def invalidate(self, token: CachedToken) -> bool:
        """Drop `token` as `TokenSource.invalidate` describes; return whether the next differs."""
        rejected = token.response.access_token
        with self._lock:
            now, current = self._now(), self.token
            is_current = current is not None and current.response.access_token == rejected
            renews = not is_current or now - self._rejected_at >= _BETWEEN_REJECTIONS
            if is_current and renews:
                self.token, self.rejected, self._rejected_at = None, rejected, now
        return renews

    def due_in(self) -> float:
        """Return the seconds until the next renewal is due, 0 when it is due now."""
        with self._lock:
            refresh_at = 0.0 if self.token is None else self.token.refresh_at
            backoff = self._backoff
            due_at = max(refresh_at, backoff.early_renewal_at, backoff.request_at)
            return max(0.0, due_at - self._now())

    def reset_after_fork(self) -> None:  # pragma: no cover - coverage does not follow a fork
        """Forget, in a process just forked, what its parent's other threads were doing."""
        self._lock = RLock()
        self._renewal = None
