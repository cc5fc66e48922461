"""The table that a database has only while a restore or a copy fills it.

It says which tables are complete, so that a copy can go on. No server uses such a database.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
)

from gatepass.server.storage.errors import DatabaseError

_WORK = ""  # the name in the row about the work itself, whose digest says what is copied

_unfinished = Table(
    "gatepass_unfinished",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """What is written into a database, and the digests of the tables that are complete."""

    work: str
    complete: dict[str, str]


def begin(connection: Connection, work: str) -> None:
    """Mark a database as unfinished; `work` names what is written into it."""
    _unfinished.create(connection, checkfirst=True)
    connection.execute(delete(_unfinished))
    connection.execute(insert(_unfinished).values(name=_WORK, rows=0, sha256=work))


def record(connection: Connection, name: str, rows: int, sha256: str) -> None:
    """Note that a table is complete."""
    connection.execute(insert(_unfinished).values(name=name, rows=rows, sha256=sha256))


def find(connection: Connection) -> Progress | None:
    """Return how far the work is, None for a database that nothing fills."""
    if not inspect(connection).has_table(_unfinished.name):
        return None
    rows = connection.execute(select(_unfinished.c.name, _unfinished.c.sha256))
    found = {row.name: row.sha256 for row in rows}
    return Progress(found.pop(_WORK, ""), found)


def end(connection: Connection) -> None:
    """Let servers use the database."""
    _unfinished.drop(connection)


def check(connection: Connection) -> None:
    """Raise DatabaseError for a database that a restore or a copy has not finished."""
    if find(connection) is not None:
        raise DatabaseError(
            "The database is unfinished: a restore or a copy into it was ended too early, or is "
            "still at work. Run that command again."
        )
