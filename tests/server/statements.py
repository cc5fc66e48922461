"""What requests ask a database while a block runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from gatepass.server.storage.database import Database

_OF_SERVER = ("follow ", "housekeeping ", "mail ", "webhooks ", "audit forwarding ")


@contextmanager
def asked(database: Database) -> Iterator[list[str]]:
    """Return the list of statements, which grows as they are executed."""
    statements: list[str] = []

    def note(*given: Any) -> None:  # noqa: ANN401 - connection, cursor, statement and more
        # threads of the server itself ask all the time
        if not threading.current_thread().name.startswith(_OF_SERVER):
            statements.append(given[2])

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
