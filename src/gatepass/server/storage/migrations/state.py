"""What a database says about its tables, and whether this program can work with them."""

from dataclasses import dataclass

from sqlalchemy import Connection, inspect, select, text

from gatepass.server.storage.errors import DatabaseError
from gatepass.server.storage.migrations import schema_table
from gatepass.server.storage.migrations.revisions import FIRST, NEWEST, OLDEST

_OURS = {"organization", "application", "revocation", "change", "session"}  # since 0001
_OF_ALEMBIC = "alembic_version"
_NAMED = 3  # tables of another program, in the message
_OF_EXTENSIONS = text(
    "SELECT relname FROM pg_class JOIN pg_depend ON objid = pg_class.oid "
    "WHERE classid = 'pg_class'::regclass AND deptype = 'e'"
)


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of a database: their revision, None where there are none, and who made them."""

    revision: str | None
    oldest_compatible: str = ""
    program: str = ""
    environment: str | None = None

    @property
    def is_newest(self) -> bool:
        """Return whether there is nothing to do for this program."""
        return self.revision is not None and self.revision >= NEWEST

    def check_usable(self) -> None:
        """Raise DatabaseError where the tables have become those of newer programs."""
        if self.oldest_compatible > NEWEST:
            by = f" {self.program}" if self.program else ""
            raise DatabaseError(
                f"The database is of a newer Gatepass{by}: it needs a program that knows revision "
                f"{self.oldest_compatible}, and this one knows {NEWEST}. Install that version, "
                "or restore a backup."
            )

    def check_ready(self) -> None:
        """Raise DatabaseError where the tables must be changed before this program can serve."""
        self.check_usable()
        if self.revision is None:
            raise DatabaseError("The database has no tables yet. Make them: gatepass migrate")
        if self.revision < OLDEST:
            raise DatabaseError(
                f"The database is at revision {self.revision}, and this version needs {OLDEST}. "
                "Stop older versions, make a backup, then run: gatepass migrate"
            )

    def check_environment(self, name: str) -> None:
        """Raise DatabaseError where it is the database of another environment."""
        schema_table.check_environment(self.environment, name)


def read(connection: Connection) -> Schema:
    """Return what the tables are; raise DatabaseError where they are another program's."""
    if connection.dialect.name == "postgresql" and not connection.dialect.default_schema_name:
        raise DatabaseError(
            "No schema of the role's search_path exists, or the role may not use it. Create it, "
            "or grant USAGE on it."
        )
    if inspect(connection).has_table(schema_table.table.name):
        columns = schema_table.table.c
        query = select(
            columns.revision, columns.oldest_compatible, columns.program, columns.environment
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            raise DatabaseError("The table gatepass_schema has lost its row. Restore a backup.")
        return Schema(*row)
    return _read_first(connection)


def _read_first(connection: Connection) -> Schema:
    """Return what the tables are if `gatepass_schema` is not among them."""
    tables = set(inspect(connection).get_table_names())
    if connection.dialect.name == "postgresql":
        tables -= set(connection.execute(_OF_EXTENSIONS).scalars())
    if not tables:
        return Schema(None)
    revision = None
    if _OF_ALEMBIC in tables:
        query = text(f"SELECT version_num FROM {_OF_ALEMBIC}")  # noqa: S608 - a name of ours
        revision = connection.execute(query).scalar()
    if revision is None and tables == {_OF_ALEMBIC}:
        return Schema(None)
    if revision is None or not tables >= _OURS:
        named = ", ".join(sorted(tables - {_OF_ALEMBIC})[:_NAMED]) or _OF_ALEMBIC
        raise DatabaseError(
            f"The database has tables of another program ({named}). Give Gatepass an empty "
            "database, or on PostgreSQL a schema of its own."
        )
    if revision > FIRST:
        return Schema(revision, revision)
    return Schema(revision, revision, "0.1.0")
