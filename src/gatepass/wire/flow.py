"""Protocols written once: a generator yields requests, receives responses, returns its result."""

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias, TypeVar, cast


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request to be sent by whoever drives the flow, `after` so many seconds.

    `timeout`, where there is one, bounds the whole exchange after that pause, in seconds.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    after: float = 0.0
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


Step = TypeVar("Step")
Answer = TypeVar("Answer")
Result = TypeVar("Result")
Flow: TypeAlias = Generator[Request, Response, Result]


def run(flow: Generator[Step, Answer, Result], send: Callable[[Step], Answer]) -> Result:
    """Drive `flow` with a blocking `send`; an error that `send` raises is thrown into the flow.

    The flow is closed whatever happens, so that its `finally` runs now and not when the
    traceback of a Ctrl-C or a cancelled task is forgotten.
    """
    step = partial(next, flow)
    with closing(flow):
        while True:
            try:
                wanted = step()
            except StopIteration as end:
                return cast("Result", end.value)
            try:
                step = partial(flow.send, send(wanted))
            except Exception as error:  # noqa: BLE001 - whatever it is, the flow decides
                step = partial(flow.throw, error)


async def arun(
    flow: Generator[Step, Answer, Result], send: Callable[[Step], Awaitable[Answer]]
) -> Result:
    """Drive `flow` with an awaitable `send`, as `run` does."""
    step = partial(next, flow)
    with closing(flow):
        while True:
            try:
                wanted = step()
            except StopIteration as end:
                return cast("Result", end.value)
            try:
                step = partial(flow.send, await send(wanted))
            except Exception as error:  # noqa: BLE001 - whatever it is, the flow decides
                step = partial(flow.throw, error)
