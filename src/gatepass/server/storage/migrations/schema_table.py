"""The row that says what a database's tables are of, and who can work with them."""

from datetime import UTC, datetime
from importlib.metadata import version

from sqlalchemy import Column, Connection, SmallInteger, Table, Text, inspect, select, text, update

from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.errors import DatabaseError
from gatepass.server.storage.statements import upsert

_ONLY = 1

table = Table(
    "gatepass_schema",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("revision", Text, nullable=False),
    Column("oldest_compatible", Text, nullable=False),
    Column("program", Text, nullable=False),
    Column("migrated_at", Timestamp, nullable=False),
    Column("environment", Text),
)


def record(connection: Connection, revision: str, oldest_compatible: str) -> None:
    """Write the revision that the tables have now, and the oldest that a program must know."""
    upsert(
        connection,
        table,
        id=_ONLY,
        revision=revision,
        oldest_compatible=oldest_compatible,
        program=version("gatepass"),
        migrated_at=datetime.now(UTC),
    )


def record_for_first_programs(connection: Connection, revision: str) -> None:
    """Write the revision that programs read which do not know `gatepass_schema`.

    They go on if it is the newest one they know, and refuse one that they do not know.
    """
    name = "version_num VARCHAR(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY"
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS alembic_version ({name})"))
    connection.execute(text("DELETE FROM alembic_version"))
    new = text("INSERT INTO alembic_version (version_num) VALUES (:revision)")
    connection.execute(new, {"revision": revision})


def claim(connection: Connection, environment: str) -> None:
    """Write whose database it is; raise DatabaseError where it is another environment's.

    A server that may not migrate serves also with tables that do not have this one yet.
    """
    if not inspect(connection).has_table(table.name):
        return
    found = connection.execute(select(table.c.environment)).scalar_one()
    if found is None:
        connection.execute(update(table).values(environment=environment))
    else:
        check_environment(found, environment)


def check_environment(found: str | None, environment: str) -> None:
    """Raise DatabaseError where a database says that it is another environment's."""
    if found not in {None, environment}:
        raise DatabaseError(
            f"This is the database of the environment {found}. Give each environment its own."
        )
