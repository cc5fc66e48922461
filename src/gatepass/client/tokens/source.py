"""The token source: one cached token, fresh, stale or expired, and one renewal in flight."""

import os
from collections.abc import Callable
from copy import copy
from functools import partial
from random import random as system_random
from threading import RLock
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet, WeakValueDictionary

from gatepass.client.errors import ClientError, TokenRefused, TokenUnavailable
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens import clock
from gatepass.client.tokens.acquisition import Acquisition, Cache
from gatepass.client.tokens.drivers import (
    Outcome,
    OwnRenewalError,
    Sender,
    TokenFlow,
    arun,
    run,
)
from gatepass.client.tokens.request import RetryLimits
from gatepass.client.tokens.state import Renewal, SourceState
from gatepass.client.tokens.telemetry import Status, Telemetry
from gatepass.client.tokens.token import CachedToken, State

if TYPE_CHECKING:
    from gatepass.client.keys.dpop import Prover
    from gatepass.client.tokens.background_refresh import BackgroundRefresh

DEADLINE = 20.0  # seconds that a caller waits for a token at most


class TokenSource:
    """Returns a valid token for one client, scope and resource to any number of callers.

    Threads and tasks of asyncio or trio, of several event loops even, may share one, and
    processes that were forked; a signal handler may use it, too. A copy, or an unpickled source,
    has the settings and no token. A stale token is renewed by one caller while the others use
    it; once it has expired they wait for the one renewal and share its outcome, an error
    included. If the caller that renews is cancelled, one of those that wait takes over.

    No caller waits longer than `deadline` seconds. After an error no request is made for a while
    (a second, or what the endpoint asked for; 10 seconds, then twice as long up to a minute,
    after a refusal), in which every caller gets that error at once.

    `cache` lets processes share tokens (see `gatepass.client.cache.file_cache`). With
    `keep_fresh` the token is renewed in the background from its first use on, until `close`.
    `on_token` is called with each new CachedToken, `on_refused` with each TokenRefused, in
    whichever thread renews; they should return soon.
    """

    def __init__(  # noqa: PLR0913 - each is one setting, passed by name
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
        self._options: dict[str, Any] = {
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
        self._acquisition = Acquisition(settings, cache, now, random)
        self._telemetry = Telemetry(settings.client_id, on_token, on_refused)
        self._deadline = deadline
        self._now = now
        self._state = SourceState(now)
        self._refresh = _background_refresh(self) if keep_fresh else None
        _SOURCES.add(self)

    @classmethod
    def from_env(cls) -> Self:
        """Read the settings from GATEPASS_TOKEN_URL, GATEPASS_CLIENT_ID and so on."""
        return cls(ClientSettings.from_env())

    def __repr__(self) -> str:
        return f"TokenSource({self.settings.token_url!r}, {self.settings.client_id!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the settings alone: no token, lock or thread.

        The one source that a process shares for its settings becomes that of the process that
        unpickles it, so that tasks sent to a worker do not each request a token.
        """
        if _SHARED.get(self.settings) is self:
            return shared_source, (self.settings,)
        return partial(type(self), self.settings, **self._options), ()

    def token(self) -> CachedToken:
        """Return a valid token, a new one if need be; raise a ClientError if there is none.

        Do not call it from an event loop; there `atoken` is the one that does not block.
        """
        token = self._state.token
        if token is not None and self._now() < token.refresh_at:
            return token
        return run(self.flow(), self._sender)

    async def atoken(self) -> CachedToken:
        """Do what `token` does, in an asyncio task."""
        token = self._state.token
        if token is not None and self._now() < token.refresh_at:
            return token
        return await arun(self.flow(), self._sender)

    @property
    def prover(self) -> "Prover | None":
        """What makes DPoP proofs; None without DPoP, and before the first token."""
        return self._acquisition.prover

    def headers(self, token: CachedToken, method: str, url: str) -> dict[str, str]:
        """Return the headers of one request with `token`: a DPoP proof, too, if it is bound."""
        headers = {"Authorization": token.authorization}
        if token.jkt and self.prover is not None:
            headers["DPoP"] = self.prover.proof(method, url, token.value)
        return headers

    def invalidate(self, token: CachedToken) -> bool:
        """Drop `token`, which an API rejected, unless it was replaced meanwhile.

        Returns whether the next token is another one. It is not if a token was dropped a few
        seconds ago: an API that rejects every token must not cause a token request per call.
        """
        renews = self._state.invalidate(token)
        self._telemetry.record_rejection(renews=renews)
        return renews

    def status(self) -> Status:
        """Return the state of the source, for health checks, without I/O or waiting."""
        now, token, telemetry = self._now(), self._state.token, self._telemetry
        return Status(
            state=State.EXPIRED if token is None else token.state(now),
            age=None if token is None else now - token.requested_at,
            seconds_left=None if token is None else max(0.0, token.expires_at - now),
            last_error=telemetry.last_error,
            renewals=telemetry.renewals,
            failures=telemetry.failures,
            refusals=telemetry.refusals,
            rejections=telemetry.rejections,
            secret_expires_at=None if token is None else token.secret_expires_at,
        )

    def due_in(self) -> float:
        """Return the seconds until the next renewal is due, 0 when it is due now."""
        return self._state.due_in()

    def close(self) -> None:
        """Stop the renewal in the background; `token` and `atoken` still work."""
        if self._refresh is not None:
            self._refresh.stop()

    def __enter__(self) -> Self:
        if self._refresh is not None:
            self._refresh.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        if self._refresh is not None:
            self._refresh.start_task()
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._refresh is not None:
            await self._refresh.stop_task()

    def flow(self) -> TokenFlow[CachedToken]:
        """Return the flow behind `token` and `atoken`, for a driver (see `drivers`)."""
        if self._refresh is not None:
            self._refresh.start()
        started_at = self._now()
        deadline = started_at + self._deadline
        while True:
            turn = self._state.next_turn(deadline)
            if isinstance(turn, CachedToken):
                return turn
            if isinstance(turn, Renewal):
                return (yield from self._renew(turn))
            try:
                yield turn
            except OwnRenewalError:
                return (yield from self._renew_separately(deadline))
            outcome = turn.renewal.result() if turn.renewal.done() else None
            if isinstance(outcome, ClientError):
                raise copy(outcome)  # each caller raises one with a traceback of its own
            now = self._now()
            if outcome is not None and outcome.state(now) is not State.EXPIRED:
                return outcome
            if now >= deadline:
                why = "the request of another caller did not end in time"
                raise TokenUnavailable(why, 0, now - started_at)

    def _renew(self, renewal: Renewal) -> TokenFlow[CachedToken]:
        started_at = self._now()
        outcome: Outcome = None
        limits = RetryLimits(renewal.deadline)
        if renewal.stale:  # callers need not wait for a second attempt while a token works
            limits = RetryLimits(renewal.deadline, max_attempts=1)
        error: ClientError | None = None
        try:
            token = yield from self._acquisition.get(renewal.stale, self._state.rejected, limits)
            outcome = self._store(token, started_at)
        except ClientError as caught:
            error = caught
            outcome = self._state.fall_back(renewal, error)
        finally:  # also when cancelled: then another caller takes over
            self._state.finish(renewal, outcome)
        # Reported last, because a log handler may need a token itself.
        seconds = self._now() - started_at
        if error is None:
            if token is not renewal.stale:
                self._telemetry.record_renewal(token, seconds)
            return token
        self._telemetry.record_failure(error, seconds, early=outcome is not error)
        if isinstance(outcome, CachedToken):
            return outcome
        raise error

    def _renew_separately(self, deadline: float) -> TokenFlow[CachedToken]:
        """Get a token beside the renewal that this thread is in the middle of.

        It shares nothing with other callers, nor the cache, whose lock that renewal may hold.
        """
        started_at = self._now()
        token = yield from self._acquisition.get_separately(RetryLimits(deadline))
        return self._store(token, started_at)

    def _store(self, token: CachedToken, started_at: float) -> CachedToken:
        now = self._now()
        if token.state(now) is State.EXPIRED:
            why = "the token that came has expired already: ask for a longer lifetime"
            raise TokenUnavailable(why, 1, now - started_at)
        self._state.store(token)
        return token

    def _reset_after_fork(self) -> None:  # pragma: no cover - coverage does not follow a fork
        self._state.reset_after_fork()
        if self._refresh is not None:
            self._refresh = _background_refresh(self)


def shared_source(settings: ClientSettings) -> TokenSource:
    """Return the one source of this process for `settings`, created if there is none.

    Equal token URL, client id, secret, scope and resource share one source and its token.
    """
    with _SHARING:
        source = _SHARED.get(settings)
        if source is None:
            source = _SHARED[settings] = TokenSource(settings)
        return source


_SHARED: WeakValueDictionary[ClientSettings, TokenSource] = WeakValueDictionary()
_SHARING = RLock()
_SOURCES: WeakSet[TokenSource] = WeakSet()


def _after_fork() -> None:  # pragma: no cover - coverage does not follow a fork
    global _SHARING  # noqa: PLW0603 - a thread that no longer exists may have held it
    _SHARING = RLock()
    for source in list(_SOURCES):
        source._reset_after_fork()  # noqa: SLF001 - our own


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork)


def _background_refresh(source: TokenSource) -> "BackgroundRefresh":
    from gatepass.client.tokens.background_refresh import BackgroundRefresh  # loads asyncio

    return BackgroundRefresh(source)


def _httpx2_sender(settings: ClientSettings) -> Sender:
    from gatepass.client.tokens.transport import Httpx2Sender  # httpx2 takes a while to load

    return Httpx2Sender(settings.token_url, settings.ca_file, settings.certificate)
