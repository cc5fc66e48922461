"""The one place a token is kept: fresh, stale or gone, and one renewal in flight."""

import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass
from random import random as system_random
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any, Self, TypeAlias
from weakref import WeakSet, WeakValueDictionary

from gatepass.client.errors import ClientError, TokenRefused, TokenUnavailable
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens import clock
from gatepass.client.tokens.acquisition import Acquisition, Cache
from gatepass.client.tokens.drivers import (
    Outcome,
    OwnRenewalError,
    Sender,
    Steps,
    Wait,
    afollow,
    follow,
)
from gatepass.client.tokens.request import Patience
from gatepass.client.tokens.telemetry import Status, Telemetry
from gatepass.client.tokens.token import CachedToken, State
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    from gatepass.client.tokens.background_refresh import BackgroundRefresh

DEADLINE = 20.0  # seconds that a caller waits for a token at most

_GRACE = 1.0  # seconds after its deadline in which a renewal tells its error
_EARLY_DEADLINE = 5.0  # seconds that a caller waits for a renewal while a token still works
_LONGEST_HOLD_OFF = 30.0  # seconds between early renewals after one has failed
_REST, _REST_AFTER_REFUSAL, _LONGEST_REST = 1.0, 10.0, 60.0  # seconds without a request
_BETWEEN_REFUSALS = 10.0  # seconds: an API that refuses two tokens sooner refuses them all


@dataclass(frozen=True, slots=True, eq=False)
class _Flight:
    """A renewal under way, to end at `until`; `spare` is a stale token that still works.

    `thread` is where it was begun.
    """

    landed: Future[Outcome]
    until: float
    spare: CachedToken | None
    thread: int


_Turn: TypeAlias = CachedToken | _Flight | Wait


class TokenSource:
    """Gives a valid token for one client, scope and resource to any number of callers.

    Threads and tasks of asyncio or trio, of several event loops even, may share one, and
    processes that were forked; a signal handler may ask, too. A copy, or what is pickled and
    read again, has the settings and no token. A stale token is renewed by one caller while the
    others go on with it; when it is gone they wait for the one renewal and share what comes of
    it, an error included. A renewal whose caller is cancelled is taken over by one of those who
    wait.

    Nobody waits longer than `deadline` seconds. After an error the token endpoint is left alone
    for a while (a second, or what it asked for; 10 seconds, then twice as long up to a minute,
    after a refusal), in which everyone gets that error at once.

    `cache` lets processes share tokens (see `gatepass.client.cache.file_cache`). With
    `keep_fresh` the token is renewed in the background from its first use on, until `close`.
    `on_token` is called with each new CachedToken, `on_refused` with each TokenRefused, in
    whichever thread renews; they should return soon.
    """

    def __init__(  # noqa: PLR0913 - each is one setting, named where it is given
        self,
        settings: ClientSettings,
        sender: Sender | None = None,
        *,
        cache: Cache | None = None,
        keep_fresh: bool = False,
        deadline: float = DEADLINE,
        on_token: Callable[[CachedToken], object] | None = None,
        on_refused: Callable[[TokenRefused], object] | None = None,
        now: Callable[[], float] = clock.now,
        random: Callable[[], float] = system_random,
    ) -> None:
        self.settings = settings
        self._given = {
            "sender": sender,
            "cache": cache,
            "keep_fresh": keep_fresh,
            "deadline": deadline,
            "on_token": on_token,
            "on_refused": on_refused,
            "now": now,
            "random": random,
        }
        self._sender = sender or _httpx2_sender(settings)
        self._supply = Acquisition(settings, cache, now, random)
        self._teller = Telemetry(settings.client_id, on_token, on_refused)
        self._deadline = deadline
        self._now = now
        # Held for a few instructions, never across a wait; a signal handler may come between.
        self._lock = RLock()
        self._held: CachedToken | None = None
        self._flight: _Flight | None = None
        self._hold_off_until = 0.0  # no early renewal before
        self._rest_until = 0.0  # no request at all before; `_trouble` is why
        self._trouble: ClientError | None = None
        self._failed_for_good = 0  # token requests in a row that another one could not mend
        self._refused: Secret | None = None  # the token that an API refused last ...
        self._refused_at = -math.inf  # ... and when
        self._keeper = _keeper(self) if keep_fresh else None
        _SOURCES.add(self)

    @classmethod
    def from_env(cls) -> Self:
        """Take the settings from GATEPASS_TOKEN_URL, GATEPASS_CLIENT_ID and so on."""
        return cls(ClientSettings.from_env())

    def __repr__(self) -> str:
        return f"TokenSource({self.settings.token_url!r}, {self.settings.client_id!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Have copies and pickles carry the settings alone: no token, lock or thread.

        The one source that a process shares for its settings becomes that of the process that
        reads it, so that tasks sent to a worker do not each ask for a token.
        """
        if _SHARED.get(self.settings) is self:
            return shared, (self.settings,)
        return _made, (type(self), self.settings, self._given)

    def token(self) -> CachedToken:
        """Give a valid token, asking for one if need be; raise a ClientError if none can be had.

        Do not call it from an event loop; there `atoken` is the one that does not block.
        """
        held = self._held
        if held is not None and self._now() < held.refresh_at:
            return held
        return follow(self.steps(), self._sender)

    async def atoken(self) -> CachedToken:
        """Do what `token` does, in an asyncio task."""
        held = self._held
        if held is not None and self._now() < held.refresh_at:
            return held
        return await afollow(self.steps(), self._sender)

    def invalidate(self, token: CachedToken) -> bool:
        """Drop `token`, which an API refused, unless another one is held by now.

        Tells whether asking for a token again gives another one. It does not where a token was
        dropped but seconds ago: an API that refuses every token must not make a token request
        of each call.
        """
        refused = token.response.access_token
        with self._lock:
            now, held = self._now(), self._held
            is_held = held is not None and held.response.access_token == refused
            renews = not is_held or now - self._refused_at >= _BETWEEN_REFUSALS
            if is_held and renews:
                self._held, self._refused, self._refused_at = None, refused, now
        self._teller.rejected(renews=renews)
        return renews

    def status(self) -> Status:
        """Tell how the source is, for health checks; asks nobody and waits for nothing."""
        now, held, teller = self._now(), self._held, self._teller
        return Status(
            state=State.GONE if held is None else held.state(now),
            age=None if held is None else now - held.asked_at,
            seconds_left=None if held is None else max(0.0, held.gone_at - now),
            last_error=teller.last_error,
            renewals=teller.renewals,
            failures=teller.failures,
            refusals=teller.refusals,
            rejections=teller.rejections,
        )

    def due_in(self) -> float:
        """Give the seconds until the next renewal is due, 0 where it is."""
        with self._lock:
            refresh_at = 0.0 if self._held is None else self._held.refresh_at
            due_at = max(refresh_at, self._hold_off_until, self._rest_until)
            return max(0.0, due_at - self._now())

    def close(self) -> None:
        """End the renewal in the background; the source goes on giving tokens to who asks."""
        if self._keeper is not None:
            self._keeper.stop()

    def __enter__(self) -> Self:
        if self._keeper is not None:
            self._keeper.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        if self._keeper is not None:
            self._keeper.start_task()
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._keeper is not None:
            await self._keeper.stop_task()

    def steps(self) -> Steps[CachedToken]:
        """Give the flow behind `token` and `atoken`, for whoever drives it (see `steps`)."""
        if self._keeper is not None:
            self._keeper.start()
        began = self._now()
        until = began + self._deadline
        while True:
            turn = self._turn(until)
            if isinstance(turn, CachedToken):
                return turn
            if isinstance(turn, _Flight):
                return (yield from self._renew(turn))
            try:
                yield turn
            except OwnRenewalError:
                return (yield from self._renew_apart(until))
            outcome = turn.flight.result() if turn.flight.done() else None
            if isinstance(outcome, ClientError):
                raise copy(outcome)  # a traceback of its own for everyone
            now = self._now()
            if outcome is not None and outcome.state(now) is not State.GONE:
                return outcome
            if now >= until:
                why = "the request of another caller did not end in time"
                raise TokenUnavailable(why, 0, now - began)

    def _turn(self, until: float) -> _Turn:
        """Decide what a caller does now: use the token held, renew it, or wait for a flight."""
        with self._lock:
            now, held = self._now(), self._held
            state = State.GONE if held is None else held.state(now)
            spare = None if state is State.GONE else held
            flight = self._under_way(now)
            if spare is not None and (
                state is State.FRESH or flight is not None or now < self._hold_off_until
            ):
                return spare
            if flight is not None:
                patience = max(0.0, min(until, flight.until + _GRACE) - now)
                return Wait(flight.landed, patience, flight.thread)
            if self._trouble is not None and now < self._rest_until:
                raise copy(self._trouble)
            if spare is not None:
                until = min(until, now + _EARLY_DEADLINE)
            self._flight = _Flight(Future(), until, spare, get_ident())
            # One who stops waiting cannot cancel it for all.
            self._flight.landed.set_running_or_notify_cancel()
            return self._flight

    def _under_way(self, now: float) -> _Flight | None:
        """Give the flight there is; one that is overdue was lost with its thread or loop."""
        flight = self._flight
        if flight is None or now < flight.until + _GRACE:
            return flight
        self._flight = None
        return None

    def _renew(self, flight: _Flight) -> Steps[CachedToken]:
        began = self._now()
        outcome: Outcome = None
        # Nobody needs to wait for a second attempt while a token works.
        patience = Patience(flight.until, attempts=1) if flight.spare else Patience(flight.until)
        error: ClientError | None = None
        try:
            found = yield from self._supply.get(flight.spare, self._refused, patience)
            outcome = self._keep(found, began)
        except ClientError as caught:
            error = caught
            outcome = self._fall_back(flight, error)
        finally:  # also of one who was cancelled: then it is the turn of another caller
            self._land(flight, outcome)
        # Told last, because a log handler may need a token itself.
        seconds = self._now() - began
        if error is None:
            if found is not flight.spare:
                self._teller.renewed(found, seconds)
            return found
        self._teller.failed(error, seconds, early=outcome is not error)
        if isinstance(outcome, CachedToken):
            return outcome
        raise error

    def _renew_apart(self, until: float) -> Steps[CachedToken]:
        """Get a token beside the renewal that this thread has under way and cannot go on with.

        It takes no part in what callers share: not the cache, whose lock that renewal may hold.
        """
        began = self._now()
        found = yield from self._supply.get_apart(Patience(until))
        return self._keep(found, began)

    def _keep(self, token: CachedToken, began: float) -> CachedToken:
        now = self._now()
        if token.state(now) is State.GONE:
            why = "the token that came has expired already: ask for a longer lifetime"
            raise TokenUnavailable(why, 1, now - began)
        with self._lock:
            self._held = token
            self._trouble = None
            self._hold_off_until = 0.0
            self._failed_for_good = 0
        return token

    def _fall_back(self, flight: _Flight, error: ClientError) -> CachedToken | ClientError:
        """Give the stale token where it still works, else the error, for everyone for a while."""
        asked_to_wait = error.retry_after if isinstance(error, TokenUnavailable) else 0.0
        with self._lock:
            now, spare = self._now(), flight.spare
            if spare is not None and spare is self._held and spare.state(now) is not State.GONE:
                wait = max(asked_to_wait, min((spare.gone_at - now) / 4, _LONGEST_HOLD_OFF))
                self._hold_off_until = min(now + wait, spare.gone_at)
                return spare
            self._trouble = copy(error)  # without the frames of its traceback
            self._rest_until = now + min(self._rest(error, asked_to_wait), _LONGEST_REST)
        return error

    def _rest(self, error: ClientError, asked_to_wait: float) -> float:
        """Give the seconds for which nobody asks again."""
        if isinstance(error, TokenUnavailable):
            return max(_REST, asked_to_wait)
        self._failed_for_good += 1
        return float(_REST_AFTER_REFUSAL * 2 ** min(self._failed_for_good - 1, 10))

    def _land(self, flight: _Flight, outcome: Outcome) -> None:
        with self._lock:
            if self._flight is flight:
                self._flight = None
        flight.landed.set_result(outcome)

    def _start_anew(self) -> None:  # pragma: no cover - coverage does not follow a fork
        """Forget, in a process just forked, what its parent's other threads were doing."""
        self._lock = RLock()
        self._flight = None
        if self._keeper is not None:
            self._keeper = _keeper(self)


def shared(settings: ClientSettings) -> TokenSource:
    """Give the one source of this process for `settings`, made if nobody holds it.

    Two that are asked for with the same token URL, client id, secret, scope and resource are
    one, so that they share its token.
    """
    with _SHARING:
        source = _SHARED.get(settings)
        if source is None:
            source = _SHARED[settings] = TokenSource(settings)
        return source


def _made(
    kind: type[TokenSource], settings: ClientSettings, given: Mapping[str, Any]
) -> TokenSource:
    return kind(settings, **given)


_SHARED: WeakValueDictionary[ClientSettings, TokenSource] = WeakValueDictionary()
_SHARING = RLock()
_SOURCES: WeakSet[TokenSource] = WeakSet()


def _after_fork() -> None:  # pragma: no cover - coverage does not follow a fork
    global _SHARING  # noqa: PLW0603 - a thread that is gone may have held it
    _SHARING = RLock()
    for source in list(_SOURCES):
        source._start_anew()  # noqa: SLF001 - our own


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork)


def _keeper(source: TokenSource) -> "BackgroundRefresh":
    from gatepass.client.tokens.background_refresh import (
        BackgroundRefresh,  # for the few who want it: it loads asyncio
    )

    return BackgroundRefresh(source)


def _httpx2_sender(settings: ClientSettings) -> Sender:
    from gatepass.client.tokens.transport import Httpx2Sender  # httpx2 takes a while to load

    return Httpx2Sender(settings.token_url, settings.ca_file)
