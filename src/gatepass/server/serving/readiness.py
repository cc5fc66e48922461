"""Whether a process can serve: shared by the application and by what runs the process."""

import asyncio

import structlog

_RETRY_EVERY = 1.0  # seconds

log = structlog.get_logger("gatepass.server")


class Readiness:
    """What the application tells of itself, and what it is told.

    While it `waits` for a database, a process that is alone refuses requests in words (503); one
    of several first waits for `answers`, so that the others get the requests.
    """

    def __init__(self, *, is_alone: bool) -> None:
        self.is_ready = False
        self.waits = asyncio.Event()
        self.answers = asyncio.Event()
        if is_alone:
            self.answers.set()

    async def wait_to_retry(self, error: Exception) -> None:
        """Note that a database is away, the first time in the log; wait before the next try."""
        if not self.waits.is_set():
            log.error("start.waiting", reason="the database is away", error=str(error))
        self.waits.set()
        await asyncio.sleep(_RETRY_EVERY)


async def until_it_answers(opening: "asyncio.Task[None]", readiness: Readiness | None) -> None:
    """Wait until the databases are open, or until requests are to be refused meanwhile."""
    if readiness is None:
        await opening
        return
    refuses = asyncio.create_task(_may_refuse(readiness))
    await asyncio.wait((opening, refuses), return_when=asyncio.FIRST_COMPLETED)
    refuses.cancel()
    if opening.done():
        opening.result()


async def _may_refuse(readiness: Readiness) -> None:
    await readiness.waits.wait()
    await readiness.answers.wait()
