"""Whether a process can serve: state that the application and its process share."""

import asyncio
from math import inf

import structlog

_RETRY_EVERY = 1.0  # seconds

STOPPING = "gatepass.stopping"
"""The key in the lifespan's state of what the process calls when the server begins to stop."""
DRAINING = "gatepass.draining"
"""The key in the lifespan's state that is there while the server drains."""

log = structlog.get_logger("gatepass.server")


class Readiness:
    """The state of the application, and what its process allows it.

    `is_draining` once the server is about to stop: it serves, but should get no more requests.
    `ends_at` is when the process ends whatever it does (monotonic), once it was asked to.
    `waiting` is set while the application waits for a database. A process that is alone refuses
    requests meanwhile (503); one of several does so once `may_refuse` is set, so that until then
    the other processes get the requests.
    """

    def __init__(self, *, is_alone: bool) -> None:
        self.is_ready = False
        self.is_draining = False
        self.ends_at = inf
        self.waiting = asyncio.Event()
        self.may_refuse = asyncio.Event()
        if is_alone:
            self.may_refuse.set()

    async def wait_to_retry(self, error: Exception) -> None:
        """Record that a database is away, log it once, and wait before the next attempt."""
        if not self.waiting.is_set():
            log.error("start.waiting", reason="the database is away", error=str(error))
        self.waiting.set()
        await asyncio.sleep(_RETRY_EVERY)


async def wait_until_responding(opening: "asyncio.Task[None]", readiness: Readiness | None) -> None:
    """Wait until the databases are open, or until the process may refuse requests."""
    if readiness is None:
        await opening
        return
    refuses = asyncio.create_task(_wait_to_refuse(readiness))
    await asyncio.wait((opening, refuses), return_when=asyncio.FIRST_COMPLETED)
    refuses.cancel()
    if opening.done():
        opening.result()


async def _wait_to_refuse(readiness: Readiness) -> None:
    await readiness.waiting.wait()
    await readiness.may_refuse.wait()
