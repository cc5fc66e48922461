"""What a list of applications shows, and which part of it is wanted."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from gatepass.server.domain.applications.model import State

Shown = Literal["", "active", "disabled", "unused", "expiring"]
Order = Literal["created", "name", "used"]

PAGE = 25
"""Applications on a page."""


class Wanted(NamedTuple):
    """Which applications, in which order, and which page of them, from 1.

    `text` is a part of the name, in any case, or of the client id; "unused" ones never got a token,
    and the last secret, key or certificate of "expiring" ones ends within 90 days.
    """

    text: str = ""
    shown: Shown = ""
    order: Order = "created"
    page: int = 1


class Listed(NamedTuple):
    """An application as a list shows it."""

    id: UUID
    client_id: str
    name: str
    client_type: str
    created_at: datetime
    last_used_at: datetime | None
    last_used_from: str | None
    disabled_at: datetime | None

    @property
    def state(self) -> State:
        """Return whether its owner disabled it."""
        return "disabled" if self.disabled_at else "active"


class ListPage(NamedTuple):
    """A page of the list, which number it has, and how many applications are wanted in all."""

    applications: list[Listed]
    number: int
    total: int

    @property
    def last(self) -> int:
        """Return the number of the last page."""
        return pages(self.total)


def pages(total: int) -> int:
    """Return how many pages so many applications have: one at least."""
    return max(1, -(-total // PAGE))


class Sought(NamedTuple):
    """Which applications are wanted; empty parts allow everything.

    Those of the organization `but_of` are left out.
    """

    org_id: UUID | None = None
    text: str = ""
    state: State | None = None
    but_of: UUID | None = None


class Found(NamedTuple):
    """An application that was found."""

    id: UUID
    client_id: str
    org_id: UUID
    name: str
    scope: str
    created_at: datetime
    last_used_at: datetime | None
    last_used_from: str | None
    disabled_at: datetime | None

    @property
    def state(self) -> State:
        """Return whether its owner disabled it."""
        return "disabled" if self.disabled_at else "active"
