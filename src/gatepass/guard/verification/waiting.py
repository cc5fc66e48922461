"""The steps of a guard that must wait, and their two drivers: for threads and for event loops."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from inspect import iscoroutinefunction
from typing import Any, NamedTuple, TypeAlias, cast

from gatepass.guard.verification.introspection_request import unavailable


class Wait(NamedTuple):
    """Wait for shared work, `seconds` at most; it goes on for other callers."""

    future: "Future[Any]"
    seconds: float


class RunInThread(NamedTuple):
    """Call a function that may block, or a coroutine function."""

    function: Callable[[], object]


Step: TypeAlias = Wait | RunInThread


def run_step(step: Step) -> object:
    """Run a step in this thread; return its result, None for work that takes too long."""
    if isinstance(step, Wait):
        wait([step.future], step.seconds)
        return step.future.result() if step.future.done() else None
    found = step.function()
    if isinstance(found, Awaitable):
        found.close()  # type: ignore[attr-defined] # a coroutine, never begun
        raise TypeError("this guard inspects with a coroutine: call aidentify")
    return found


async def arun_step(step: Step) -> object:
    """Run a step while the event loop goes on; a function that may block runs in a thread."""
    if isinstance(step, Wait):
        # `wait` and not `wait_for`: a caller that gives up must not cancel it for the others.
        await asyncio.wait([asyncio.wrap_future(step.future)], timeout=step.seconds)
        return step.future.result() if step.future.done() else None
    if iscoroutinefunction(step.function):  # it sees through functools.partial
        return await cast("Awaitable[object]", step.function())
    try:
        work = asyncio.get_running_loop().run_in_executor(None, copy_context().run, step.function)
    except RuntimeError as error:  # a limit is reached, or the main thread has ended
        raise unavailable(f"no thread can be started ({error})") from None
    return await work
