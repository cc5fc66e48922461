"""The databases of the two environments: where they are, whose they are, what their tables are."""

from contextlib import closing
from pathlib import Path

from gatepass.server.configuration.settings import Settings
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.server.storage.errors import DatabaseError
from gatepass.server.storage.migrations.state import Schema
from gatepass.server.storage.transfer import unfinished
from gatepass.wire.credential import Mode

NAMES = {Mode.LIVE: "production", Mode.TEST: "sandbox"}

_EMPTY = Schema(None)


def of(settings: Settings, mode: Mode, *, read_only: bool = False) -> Database:
    """Return the database of an environment; with `read_only` a SQLite file is never made."""
    own = settings.environment(mode)
    url = own.database or sqlite_url(file(settings.data, mode))
    return Database(
        url,
        connections=own.database_connections,
        read_only=read_only,
        listen=own.database_listen,
    )


def file(data: Path, mode: Mode) -> Path:
    """Return the file of an environment's SQLite database."""
    return data / f"{NAMES[mode]}.sqlite3"


def is_there(settings: Settings, mode: Mode) -> bool:
    """Return whether there is a database to look at: PostgreSQL's is there, or is an error."""
    if settings.environment(mode).database:
        return True
    path = file(settings.data, mode)
    return path.exists() and path.stat().st_size > 0


def look(
    settings: Settings, mode: Mode, *, may_be_unfinished: bool = False
) -> tuple[Schema, tuple[object, ...]]:
    """Return what a database's tables are, and its identity; nothing is written.

    Raises DatabaseError where the tables are another program's or another environment's, or a
    restore or copy has not finished them.
    """
    if not is_there(settings, mode):
        return _EMPTY, (mode,)
    with deadline.each(deadline.COMMAND), closing(of(settings, mode, read_only=True)) as database:
        schema = database.schema()
        schema.check_environment(NAMES[mode])
        if not may_be_unfinished:
            with database.read() as connection:
                unfinished.check(connection)
        return schema, database.identity()


def check_apart(identities: dict[Mode, tuple[object, ...]]) -> None:
    """Raise DatabaseError where both environments have one database, whatever its addresses."""
    if len(set(identities.values())) < len(identities):
        raise DatabaseError(
            "Both environments have the same database. Give each its own, or on PostgreSQL a "
            "schema of its own."
        )


def bring_to_this_version(database: Database, name: str, *, migrates: bool) -> None:
    """Migrate the tables of an environment, or else see that this version can work with them.

    Raises DatabaseError, also where they are another environment's.
    """
    schema = database.schema()
    schema.check_environment(name)
    with database.read() as connection:
        unfinished.check(connection)
    if migrates:
        database.migrate()
    else:
        schema.check_ready()
