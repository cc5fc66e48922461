"""How long a caller may wait for the database: one allowance for everything that a request does.

The allowance is kept in a context variable. Starlette's and asyncio's threads copy the
context, so all the transactions of one request spend the same seconds.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

REQUEST = 1.8  # seconds, so that a client with a limit of 2 s gets an answer
COMMAND = 10.0  # seconds for each transaction of a command
REBUILD = 60.0  # seconds for reading all revocations
LONG = 600.0  # seconds for each transaction of an import, a migration or a pruning
SNAPSHOT = 7 * 86_400.0  # seconds for reading everything, as fast as a backup can be written


class PassedError(Exception):
    """The time for the database was over before a connection was free."""


@dataclass(slots=True)
class _Allowance:
    seconds: float
    is_shared: bool = False


_allowance: ContextVar[_Allowance | None] = ContextVar("allowance", default=None)
_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def shared(seconds: float) -> Iterator[None]:
    """Let all transactions in the block wait for the database for `seconds` together."""
    token = _allowance.set(_Allowance(seconds, is_shared=True))
    try:
        yield
    finally:
        _allowance.reset(token)


@contextmanager
def each(seconds: float) -> Iterator[None]:
    """Let each transaction in the block wait for the database for `seconds`."""
    token = _allowance.set(_Allowance(seconds))
    try:
        yield
    finally:
        _allowance.reset(token)


@contextmanager
def transaction() -> Iterator[None]:
    """Start the time of a transaction; one within another ends with that at the latest."""
    allowance = _allowance.get() or _Allowance(REQUEST)
    started, outer = time.monotonic(), _ends_at.get()
    ends_at = started + allowance.seconds
    token = _ends_at.set(ends_at if outer is None else min(outer, ends_at))
    try:
        yield
    finally:
        _ends_at.reset(token)
        if allowance.is_shared and outer is None:
            allowance.seconds -= time.monotonic() - started


def ends_at() -> float | None:
    """Return when the open transaction must have ended (monotonic), or None outside of one."""
    return _ends_at.get()


def remaining() -> float:
    """Return the seconds that the open transaction, or the next one, still has; at least 0."""
    at = _ends_at.get()
    if at is None:
        allowance = _allowance.get() or _Allowance(REQUEST)
        return max(0.0, allowance.seconds)
    return max(0.0, at - time.monotonic())


def is_long() -> bool:
    """Return whether the work at hand may take longer than a request or a command."""
    allowance = _allowance.get()
    return allowance is not None and allowance.seconds > COMMAND
