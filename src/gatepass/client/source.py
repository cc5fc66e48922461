"""The one place a token is kept: fresh, stale or gone, and one renewal in flight."""

import asyncio
import logging
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass
from random import random as system_random
from threading import Lock
from typing import Protocol, TypeAlias

from gatepass.client.errors import ClientError
from gatepass.client.flow import ATTEMPTS, ask
from gatepass.client.held import HeldToken, State
from gatepass.client.settings import ClientSettings
from gatepass.wire.flow import Request, Response, arun, run
from gatepass.wire.secret import Secret

_LONGEST_HOLD_OFF = 30.0  # seconds between early renewals after one has failed

_log = logging.getLogger("gatepass.client")

# How a renewal ended, for those who wait for it; None: its caller went away in the middle.
Outcome: TypeAlias = HeldToken | ClientError | None
Flight: TypeAlias = Future[Outcome]


class Sender(Protocol):
    """Carries a request, whose pause is over, to the token endpoint without following redirects.

    Reads at most LONGEST_ANSWER + 1 bytes of the body, and raises Unreachable where no answer
    came. Is called from any thread and any event loop.
    """

    def send(self, request: Request) -> Response:
        """Wait for the answer."""
        ...

    async def asend(self, request: Request) -> Response:
        """Wait for the answer without blocking the event loop."""
        ...


@dataclass(frozen=True, slots=True)
class _Renewal:
    """It is this caller's turn to renew; `spare` is a stale token that still works."""

    flight: Flight
    spare: HeldToken | None


_Steps: TypeAlias = Generator[Request | Flight, Response | None, HeldToken]


class TokenSource:
    """Gives a valid token for one client, scope and resource to any number of callers.

    Threads and asyncio tasks, of several event loops even, may share one. A stale token is
    renewed by one caller while the others go on with it; when it is gone they wait for the
    one renewal and share what comes of it, an error included. A renewal whose caller is
    cancelled is taken over by one of those who wait.
    """

    def __init__(
        self,
        settings: ClientSettings,
        sender: Sender,
        *,
        now: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = system_random,
    ) -> None:
        self._settings = settings
        self._sender = sender
        self._now = now
        self._random = random
        self._lock = Lock()  # held for a few instructions, never across a wait
        self._held: HeldToken | None = None
        self._flight: Flight | None = None
        self._hold_off_until = 0.0

    def token(self) -> HeldToken:
        """Give a valid token, asking for one if need be; raise a ClientError if none can be had.

        Do not call it from an event loop; there `atoken` is the one that does not block.
        """
        return run(self._current(), self._step)

    async def atoken(self) -> HeldToken:
        """Do what `token` does, in an asyncio task."""
        return await arun(self._current(), self._astep)

    def invalidate(self, token: Secret) -> None:
        """Drop `token`, which an API refused, unless another one is held by now."""
        with self._lock:
            if self._held is not None and self._held.response.access_token == token:
                self._held = None

    def _current(self) -> _Steps:
        while True:
            turn = self._turn()
            if isinstance(turn, HeldToken):
                return turn
            if isinstance(turn, _Renewal):
                return (yield from self._renew(turn))
            yield turn
            outcome = turn.result()
            if isinstance(outcome, ClientError):
                raise copy(outcome)  # a traceback of its own for everyone
            if outcome is not None:
                return outcome

    def _turn(self) -> HeldToken | _Renewal | Flight:
        """Decide what a caller does now: use the token held, renew it, or wait for a flight."""
        with self._lock:
            now, held = self._now(), self._held
            state = State.GONE if held is None else held.state(now)
            spare = None if state is State.GONE else held
            busy = self._flight is not None or now < self._hold_off_until
            if spare is not None and (state is State.FRESH or busy):
                return spare
            if self._flight is not None:
                return self._flight
            flight: Flight = Future()
            self._flight = flight
        flight.set_running_or_notify_cancel()  # one who stops waiting cannot cancel it for all
        return _Renewal(flight, spare)

    def _renew(self, turn: _Renewal) -> _Steps:
        attempts = 1 if turn.spare else ATTEMPTS  # nobody needs to wait while a token works
        found: HeldToken | ClientError
        try:
            found = yield from ask(self._settings, self._now, self._random, attempts)
        except ClientError as error:
            found = error
        except BaseException:  # cancelled, or a bug: it is the turn of another caller
            self._land(turn.flight, None)
            raise
        outcome = self._keep(found) if isinstance(found, HeldToken) else self._spare(turn, found)
        self._land(turn.flight, outcome)
        _report(found, outcome)  # last, because a log handler may need a token itself
        if isinstance(outcome, ClientError):
            raise outcome
        return outcome

    def _keep(self, token: HeldToken) -> HeldToken:
        with self._lock:
            self._held = token
            self._hold_off_until = 0.0
        return token

    def _spare(self, turn: _Renewal, error: ClientError) -> HeldToken | ClientError:
        """Give the stale token where it still works, else the error."""
        now = self._now()
        with self._lock:
            spare = turn.spare
            if spare is None or spare is not self._held or spare.state(now) is State.GONE:
                return error
            self._hold_off_until = now + min((spare.gone_at - now) / 4, _LONGEST_HOLD_OFF)
        return spare

    def _land(self, flight: Flight, outcome: Outcome) -> None:
        with self._lock:
            self._flight = None
        flight.set_result(outcome)

    def _step(self, step: Request | Flight) -> Response | None:
        if isinstance(step, Request):
            time.sleep(step.after)
            return self._sender.send(step)
        step.result()
        return None

    async def _astep(self, step: Request | Flight) -> Response | None:
        if isinstance(step, Request):
            await asyncio.sleep(step.after)
            return await self._sender.asend(step)
        await asyncio.wrap_future(step)
        return None


def _report(found: HeldToken | ClientError, outcome: HeldToken | ClientError) -> None:
    if isinstance(found, HeldToken):
        seconds = found.response.expires_in
        _log.info("token renewed, lifetime %s", f"{seconds} s" if seconds else "unstated")
    elif isinstance(outcome, HeldToken):
        _log.warning("early renewal failed, the old token is used on: %s", found)
    else:
        _log.error("token request failed: %s", found)
