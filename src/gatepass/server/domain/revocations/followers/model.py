"""The guards that ask for the revocation feed, as the processes of a server see them. Pure.

A guard is known by its application, its address and its User-Agent, which names its host. So the
processes of one host are one guard, of which the latest request counts.
"""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from gatepass.server.domain.revocations.feed.cursor import Cursor, Section

SILENT_AFTER = timedelta(minutes=2)
"""Without a request, while a guard asks each 30 seconds and is written down each 30 seconds."""

_MOST = 10_000  # guards between two writes; of others nothing is kept

State = Literal["current", "behind", "reading", "silent"]
"""`reading` is a guard that has just started and reads everything."""


class Follower(NamedTuple):
    """A guard, as far as requests tell one from another."""

    application_id: UUID
    source: str
    agent: str


class Poll(NamedTuple):
    """A request: when (Unix seconds), and how many changes the guard had not read by then.

    `behind` is None while it reads everything.
    """

    at: float
    behind: int | None


class Followed(NamedTuple):
    """A guard with its first and its latest request."""

    client_id: str
    name: str  # of the application
    org_id: UUID
    source: str
    agent: str
    first_at: datetime
    last_at: datetime
    behind: int | None

    def state(self, now: datetime) -> State:
        """Return how it follows."""
        if now - self.last_at > SILENT_AFTER:
            return "silent"
        if self.behind is None:
            return "reading"
        return "behind" if self.behind else "current"


class Followers:
    """The latest request of each guard since the last write. Threads may share it.

    `pages_sent` counts the pages of the feed that were sent, by what they had.
    """

    def __init__(self) -> None:
        self.pages_sent = {"changes": 0, "empty": 0, "snapshot": 0}
        self._polls: dict[Follower, Poll] = {}
        self._lock = threading.Lock()

    def note(self, follower: Follower, poll: Poll) -> None:
        """Note a request."""
        with self._lock:
            if follower in self._polls or len(self._polls) < _MOST:
                self._polls[follower] = poll

    def take(self) -> Mapping[Follower, Poll]:
        """Return the requests, and forget them."""
        with self._lock:
            polls, self._polls = self._polls, {}
        return polls

    def put_back(self, polls: Mapping[Follower, Poll]) -> None:
        """Keep requests that could not be written, where there was no later one."""
        with self._lock:
            self._polls = {**polls, **self._polls}


def behind(cursor: Cursor | None, newest: int) -> int | None:
    """Return how many changes a guard with this cursor has not read; None if it reads everything.

    `newest` is the number of the newest change that this process knows.
    """
    if cursor is None or cursor.section is not Section.CHANGES:
        return None
    return max(0, newest - cursor.position.seq)
