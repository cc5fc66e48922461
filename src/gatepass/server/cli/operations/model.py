"""What commands know of operations: their names, arguments and answers as JSON has them.

The same command works on the data of this machine and, by the Admin API, on another server.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

LARGEST_PAGE = 200


class Effect(NamedTuple):
    """What an operation stops or changes beyond its own object: in words, and in numbers."""

    is_reversible: bool
    sentences: Sequence[str]
    counts: Mapping[str, int]


class Done(NamedTuple):
    """What an operation has returned, as JSON; `effect` where it has one.

    Without a result (an operation that removes something), `result` is empty.
    """

    result: dict[str, Any]
    effect: Effect | None = None


class Operations(Protocol):
    """The operations of one environment.

    Raises OAuthError with a description for what is refused, and NotFoundError with the id or the
    name for what is not there; other errors of a server are click's, in one line.
    """

    @property
    def environment_name(self) -> str:
        """Return the name of the environment: production or sandbox."""
        ...

    @property
    def is_on_machine(self) -> bool:
        """Return whether the data are those of this machine."""
        ...

    def operating_organization(self) -> str:
        """Return the id of the operator's organization; raise ClickException for none in reach."""
        ...

    def perform(self, name: str, arguments: Mapping[str, object], *, dry_run: bool = False) -> Done:
        """Perform an operation by its name, as `organization.suspend`.

        `arguments` are what JSON has: texts for ids and moments. In those of a reading operation,
        null is as good as not given. A dry run changes nothing, and returns no secret.
        """
        ...


def every(
    operations: Operations, name: str, arguments: Mapping[str, object]
) -> Iterator[dict[str, Any]]:
    """Return the objects of all pages of a list; a page is read when it is wanted."""
    cursor = ""
    while True:
        page = operations.perform(
            name, {**arguments, "limit": LARGEST_PAGE, "cursor": cursor}
        ).result
        yield from page["items"]
        cursor = page["next_cursor"] or ""
        if not cursor:
            return


def moment(text: str | None) -> datetime | None:
    """Return a moment of a result."""
    return None if text is None else datetime.fromisoformat(text)
