"""What a guard waits for while it judges, and the two ways of waiting: in a thread, in a loop."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from inspect import iscoroutinefunction
from typing import Any, NamedTuple, TypeAlias, cast

from gatepass.guard.verification.introspection_request import unavailable


class Wait(NamedTuple):
    """Wait for a flight, `seconds` at most; the flight goes on for others."""

    flight: "Future[Any]"
    seconds: float


class RunInThread(NamedTuple):
    """Call what may block, or is a coroutine function."""

    function: Callable[[], object]


Step: TypeAlias = Wait | RunInThread


def take(step: Step) -> object:
    """Do a step in this thread; give what came of it, None for a flight that takes too long."""
    if isinstance(step, Wait):
        wait([step.flight], step.seconds)
        return step.flight.result() if step.flight.done() else None
    found = step.function()
    if isinstance(found, Awaitable):
        found.close()  # type: ignore[attr-defined] # a coroutine, never begun
        raise TypeError("this guard inspects with a coroutine: call aidentify")
    return found


async def atake(step: Step) -> object:
    """Do a step while the event loop goes on; what may block runs in a thread."""
    if isinstance(step, Wait):
        # `wait` and not `wait_for`: who gives up must not cancel the work for the others.
        await asyncio.wait([asyncio.wrap_future(step.flight)], timeout=step.seconds)
        return step.flight.result() if step.flight.done() else None
    if is_coroutine(step.function):
        return await cast("Awaitable[object]", step.function())
    try:
        work = asyncio.get_running_loop().run_in_executor(None, copy_context().run, step.function)
    except RuntimeError as error:  # a limit is reached, or the main thread has ended
        raise unavailable(f"no thread can be started ({error})") from None
    return await work


def is_coroutine(function: Callable[..., object]) -> bool:
    """Tell whether calling `function` gives a coroutine; sees through functools.partial."""
    return iscoroutinefunction(function)
