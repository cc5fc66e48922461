"""How the methods of the operations perform them: blocking, or in a task. Nothing else differs."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Generic, TypeVar

from gatepass.admin.connection import Connection
from gatepass.admin.errors import UnexpectedAnswer
from gatepass.admin.records import Performed, Record, list_of, read
from gatepass.admin.requests import Conditions
from gatepass.client.tokens.drivers import arun, run

Result = TypeVar("Result", bound=Record)

_CONDITIONS = ("if_match", "dry_run", "idempotency_key")


class Group:
    """The operations on one kind of object."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _record(self, kind: type[Result], name: str, given: Mapping[str, object]) -> Result:
        return record(kind, name, self._perform(name, given))

    def _each(self, kind: type[Result], name: str, given: Mapping[str, object]) -> Iterator[Result]:
        pages = Pages(kind, name, given)
        while not pages.is_at_end:
            yield from pages.read(self._perform(name, pages.arguments))

    def _perform(self, name: str, given: Mapping[str, object]) -> Performed:
        return run(self._connection.flow(name, *split(given)), self._connection.sender)


class AsyncGroup:
    """The operations on one kind of object, for asyncio and trio."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _record(self, kind: type[Result], name: str, given: Mapping[str, object]) -> Result:
        return record(kind, name, await self._perform(name, given))

    async def _each(
        self, kind: type[Result], name: str, given: Mapping[str, object]
    ) -> AsyncIterator[Result]:
        pages = Pages(kind, name, given)
        while not pages.is_at_end:
            for each in pages.read(await self._perform(name, pages.arguments)):
                yield each

    async def _perform(self, name: str, given: Mapping[str, object]) -> Performed:
        return await arun(self._connection.flow(name, *split(given)), self._connection.sender)


class Pages(Generic[Result]):
    """The pages of one list: the arguments for the next one, and how it is read."""

    def __init__(self, kind: type[Result], name: str, given: Mapping[str, object]) -> None:
        self._kind, self._name = kind, name
        self.arguments = {**given}
        self.is_at_end = False

    def read(self, performed: Performed) -> list[Result]:
        """Return the records of a page; the arguments are those of the next one then."""
        try:
            found = [read(self._kind, each) for each in list_of(performed.result)]
            cursor = self._next(performed.result.get("next_cursor"))
        except ValueError as error:
            raise UnexpectedAnswer(self._name, f"this is not a page: {error}") from None
        self.is_at_end = cursor is None
        self.arguments["cursor"] = cursor
        return found

    def _next(self, cursor: object) -> str | None:
        """Return where the next page begins, None after the last; raise ValueError for neither."""
        if cursor is None:
            return None
        if not isinstance(cursor, str) or not cursor:
            raise ValueError("next_cursor is not a text")
        if cursor == self.arguments.get("cursor"):
            raise ValueError("next_cursor is that of the page itself")
        return cursor


def record(kind: type[Result], name: str, performed: Performed) -> Result:
    """Return the record of what came of an operation; raise UnexpectedAnswer for none."""
    try:
        return read(kind, performed.result, performed.etag, performed.effect)
    except ValueError as error:
        why = f"the operation was performed, but the answer is not as described: {error}"
        raise UnexpectedAnswer(name, why) from None


def split(given: Mapping[str, object]) -> tuple[dict[str, object], Conditions]:
    """Return the arguments of an operation, and what is asked for besides."""
    arguments = {name: value for name, value in given.items() if name not in _CONDITIONS}
    asked = {name: value for name, value in given.items() if name in _CONDITIONS}
    return arguments, Conditions(**asked)  # type: ignore[arg-type]
