"""Operations that need a password hashed, as generators: they yield the work and get its result.

Hashing is slow, so it waits for a thread of `Hasher.pool` and holds no other thread meanwhile.
The portal drives such an operation asynchronously; `run` drives it in place. Where the pool's
queue is full, OAuthError (503) is raised at the `yield`, and the operation undoes what it did.
"""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

Returned = TypeVar("Returned")

Work = Callable[[], Any]
"""What is done in the pool; it blocks, and touches no database."""

Steps = Generator[Work, Any, Returned]
"""An operation that waits for the pool at each `yield`."""


def run(steps: Steps[Returned]) -> Returned:
    """Do the work in this thread, for programs that serve nobody else meanwhile."""
    try:
        work = next(steps)
        while True:
            work = steps.send(work())
    except StopIteration as done:
        returned: Returned = done.value
        return returned
