"""The steps of a token source's flow, and its two drivers.

A flow yields requests to send, functions that may block, and renewals of other callers to wait
for. `run` blocks the thread; `arun` never blocks the event loop.
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

from gatepass.client.errors import ClientError, ConfigurationError, SecretUnavailable
from gatepass.client.keys.signing_key import SigningKey
from gatepass.client.tokens.token import CachedToken
from gatepass.wire import flow as wire_flow
from gatepass.wire.flow import Request, Response

Result = TypeVar("Result")

# How a renewal ended, for the callers that wait for it; None: its own caller was cancelled.
Outcome: TypeAlias = CachedToken | ClientError | None


@dataclass(frozen=True, slots=True)
class RunInThread:
    """Call a function that may block, and send its result into the flow."""

    function: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Sign:
    """Have a key that is not in memory sign `message`; the signature is sent into the flow.

    In an event loop it has `timeout` seconds; a thread waits for as long as the function does.
    """

    key: SigningKey
    message: bytes
    timeout: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until another caller's renewal has ended, at most `timeout` seconds.

    `thread` is the thread of that caller. Blocking the same thread would be a deadlock.
    """

    renewal: Future[Outcome]
    timeout: float
    thread: int


class OwnRenewalError(Exception):
    """Thrown into the flow at a Wait: this very thread is in the middle of the renewal.

    A signal handler or a finalizer has interrupted it, or blocking code was called from the
    event loop that renews; it cannot go on until they return.
    """


Step: TypeAlias = Request | RunInThread | Sign | Wait
TokenFlow: TypeAlias = Generator[Step, Any, Result]


def signed(key: SigningKey, message: bytes, timeout: float) -> TokenFlow[bytes]:
    """Return the signature of `key` for `message`; `yield from` returns it."""
    if key.is_in_memory:
        return key.signature(message)
    return cast("bytes", (yield Sign(key, message, timeout)))


def call(function: Callable[[], Result]) -> TokenFlow[Result]:
    """Have the driver call a function that may block; `yield from` returns its result."""
    return cast("Result", (yield RunInThread(function)))


class Sender(Protocol):
    """Sends a request, after its pause, to the token endpoint; does not follow redirects.

    Reads at most LONGEST_RESPONSE + 1 bytes of the body, ends within the request's `timeout`,
    and raises Unreachable where no response came. Any thread and any event loop may call it.
    """

    def send(self, request: Request) -> Response:
        """Wait for the response."""

    async def asend(self, request: Request) -> Response:
        """Wait for the response without blocking the event loop."""


def run(flow: TokenFlow[Result], sender: Sender) -> Result:
    """Drive `flow` in this thread and return its result."""
    return wire_flow.run(flow, partial(_perform, sender))


async def arun(flow: TokenFlow[Result], sender: Sender) -> Result:
    """Drive `flow` in an asyncio task, or for a trio task in a thread.

    Raises ConfigurationError under any other event loop.
    """
    trio: Any = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return cast("Result", await trio.to_thread.run_sync(run, flow, sender))
    import asyncio  # programs without an event loop do not wait for it to load

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "there is no event loop of asyncio or trio: await atoken in a task of one of them"
        ) from None
    return await wire_flow.arun(flow, partial(_aperform, sender))


def _perform(sender: Sender, step: Step) -> object:
    if isinstance(step, Request):
        time.sleep(step.after)
        return sender.send(step)
    if isinstance(step, RunInThread):
        return step.function()
    if isinstance(step, Sign):
        return step.key.signature(step.message)
    if step.thread == get_ident() and not step.renewal.done():
        raise OwnRenewalError
    with suppress(FutureTimeoutError):  # the flow reads the outcome itself
        step.renewal.result(step.timeout)
    return None


async def _aperform(sender: Sender, step: Step) -> object:
    import asyncio

    if isinstance(step, Request):
        await asyncio.sleep(step.after)
        return await sender.asend(step)
    if isinstance(step, RunInThread):
        return await _in_thread(step.function)
    if isinstance(step, Sign):
        try:
            async with asyncio.timeout(step.timeout):
                if step.key.is_async:
                    return await step.key.asignature(step.message)
                return await _in_thread(partial(step.key.signature, step.message))
        except TimeoutError:
            raise SecretUnavailable(
                f"the signing function did not return in {step.timeout:.0f} s: see the key service"
            ) from None
    waiter = asyncio.wrap_future(step.renewal)
    try:
        await asyncio.wait([waiter], timeout=step.timeout)
    finally:
        waiter.cancel()  # this waiter alone: a renewal under way cannot be cancelled
    return None


async def _in_thread(function: Callable[[], object]) -> object:
    """Call a function that may block in a thread, or here where no thread can be started."""
    import asyncio

    try:
        running = asyncio.get_running_loop().run_in_executor(None, function)
    except RuntimeError:  # the limit is reached, or the interpreter ends
        return function()
    return await running
