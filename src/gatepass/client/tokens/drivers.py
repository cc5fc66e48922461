"""What the flow of a token source asks of whoever drives it, and the two drivers.

A flow yields requests to be sent, functions that may block, and the flights of other callers
to be waited for. Driven by `follow` it blocks its thread; driven by `afollow` never the loop.
"""

import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import get_ident
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from gatepass.client.errors import ClientError, ConfigurationError
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.flow import Request, Response, arun, run

Result = TypeVar("Result")

# How a renewal ended, for those who wait for it; None: its caller went away in the middle.
Outcome: TypeAlias = CachedToken | ClientError | None


@dataclass(frozen=True, slots=True)
class RunInThread:
    """Call a function that may block, and go on with what it gives."""

    function: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until another caller's renewal has ended, at most `timeout` seconds.

    `thread` is where that caller is. Who blocks that very thread would wait for himself.
    """

    flight: Future[Outcome]
    timeout: float
    thread: int


class OwnRenewalError(Exception):
    """Thrown into the steps at a Wait: the renewal is under way below in this very thread.

    A signal handler or a finalizer has interrupted it, or blocking code was called from the
    event loop that makes it; it cannot go on until they return.
    """


Step: TypeAlias = Request | RunInThread | Wait
Steps: TypeAlias = Generator[Step, Any, Result]


def call(function: Callable[[], Result]) -> Steps[Result]:
    """Have a function that may block called; `yield from` this gives what it gives."""
    return cast("Result", (yield RunInThread(function)))


class Sender(Protocol):
    """Carries a request, whose pause is over, to the token endpoint without following redirects.

    Reads at most LONGEST_ANSWER + 1 bytes of the body, ends within the request's `timeout`,
    and raises Unreachable where no answer came. Is called from any thread and any event loop.
    """

    def send(self, request: Request) -> Response:
        """Wait for the answer."""
        ...

    async def asend(self, request: Request) -> Response:
        """Wait for the answer without blocking the event loop."""
        ...


def follow(steps: Steps[Result], sender: Sender) -> Result:
    """Drive `steps` in this thread and give what comes of them."""
    return run(steps, partial(_take, sender))


async def afollow(steps: Steps[Result], sender: Sender) -> Result:
    """Drive `steps` in an asyncio task, or for a trio task in a thread.

    Raises ConfigurationError under any other event loop.
    """
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return cast("Result", await trio.to_thread.run_sync(follow, steps, sender))
    import asyncio  # is loaded where this runs; programs without a loop do not wait for it

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "there is no event loop of asyncio or trio: await atoken in a task of one of them"
        ) from None
    return await arun(steps, partial(_atake, sender))


def _take(sender: Sender, step: Step) -> object:
    if isinstance(step, Request):
        time.sleep(step.after)
        return sender.send(step)
    if isinstance(step, RunInThread):
        return step.function()
    if step.thread == get_ident() and not step.flight.done():
        raise OwnRenewalError
    with suppress(FutureTimeoutError):  # the flow looks at the flight itself
        step.flight.result(step.timeout)
    return None


async def _atake(sender: Sender, step: Step) -> object:
    import asyncio

    if isinstance(step, Request):
        await asyncio.sleep(step.after)
        return await sender.asend(step)
    if isinstance(step, RunInThread):
        return await _in_thread(step.function)
    landed = asyncio.wrap_future(step.flight)
    try:
        await asyncio.wait([landed], timeout=step.timeout)
    finally:
        landed.cancel()  # our end of it alone: a flight under way cannot be cancelled
    return None


async def _in_thread(function: Callable[[], object]) -> object:
    """Call a function that may block in a thread, or here where no thread can be started."""
    import asyncio

    try:
        called = asyncio.get_running_loop().run_in_executor(None, function)
    except RuntimeError:  # the limit is reached, or the interpreter ends
        return function()
    return await called
