"""Protocols written once: a generator yields requests, receives responses, returns its result."""

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias, TypeVar, cast

# A compressed response could grow beyond the bound of its reader.
JSON_HEADERS = {"accept": "application/json", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request that the driver of the flow sends `after` so many seconds.

    `timeout`, if not None, bounds the whole exchange after that pause, in seconds.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    after: float = 0.0
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """The media type in lower case, without its parameters; empty without one."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


Step = TypeVar("Step")
Reply = TypeVar("Reply")
Result = TypeVar("Result")
Flow: TypeAlias = Generator[Request, Response, Result]


def run(flow: Generator[Step, Reply, Result], send: Callable[[Step], Reply]) -> Result:
    """Drive `flow` with a blocking `send`; an error that `send` raises is thrown into the flow.

    The flow is closed in any case, so that its `finally` runs now and not when the traceback
    of a Ctrl-C or a cancelled task is released.
    """
    resume = partial(next, flow)
    with closing(flow):
        while True:
            try:
                request = resume()
            except StopIteration as end:
                return cast("Result", end.value)
            try:
                resume = partial(flow.send, send(request))
            except Exception as error:  # noqa: BLE001 - the flow decides what to do
                resume = partial(flow.throw, error)


async def arun(
    flow: Generator[Step, Reply, Result], send: Callable[[Step], Awaitable[Reply]]
) -> Result:
    """Drive `flow` with an awaitable `send`, as `run` does."""
    resume = partial(next, flow)
    with closing(flow):
        while True:
            try:
                request = resume()
            except StopIteration as end:
                return cast("Result", end.value)
            try:
                resume = partial(flow.send, await send(request))
            except Exception as error:  # noqa: BLE001 - the flow decides what to do
                resume = partial(flow.throw, error)
