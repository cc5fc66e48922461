"""Whether a process can serve: shared by the application and by what runs the process."""

import asyncio


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
