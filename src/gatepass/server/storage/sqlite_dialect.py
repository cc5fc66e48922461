"""SQLAlchemy's dialect for apsw, and the statements that are compiled for it."""

from types import SimpleNamespace
from typing import Any, cast

import apsw
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine.interfaces import DBAPIModule
from sqlalchemy.util import LRUCache

# Both environments send the same statements: each is compiled once in a process.
COMPILED: LRUCache[Any, Any] = LRUCache(1000)

_OPERATIONAL = (
    "AbortError",
    "AuthError",
    "BusyError",
    "CantOpenError",
    "CorruptError",
    "FullError",
    "IOError",
    "InterruptError",
    "LockedError",
    "NotADBError",
    "PermissionsError",
    "ProtocolError",
    "ReadOnlyError",
    "SchemaChangeError",
)
_ERRORS = dict.fromkeys(_OPERATIONAL, "OperationalError") | {
    "BindingsError": "ProgrammingError",
    "ConstraintError": "IntegrityError",
    "InternalError": "InternalError",
    "MismatchError": "IntegrityError",
    "MisuseError": "ProgrammingError",
    "RangeError": "ProgrammingError",
    "SQLError": "ProgrammingError",
    "TooBigError": "DataError",
}


def version() -> tuple[int, ...]:
    """Return the version of the SQLite library."""
    return tuple(map(int, apsw.sqlite_lib_version().split(".")))


class Dialect(SQLiteDialect):
    """SQLAlchemy's SQLite over apsw; all are equal, so that engines share compiled statements."""

    driver = "apsw"
    default_paramstyle = "qmark"
    supports_statement_cache = True
    supports_sane_multi_rowcount = False  # rowcount is that of the last of many
    returns_native_bytes = True
    dbapi_exception_translation_map = _ERRORS

    def __eq__(self, other: object) -> bool:
        """Return whether statements that were compiled for the other are right for this one."""
        return isinstance(other, Dialect)

    def __hash__(self) -> int:
        """Return the same for all."""
        return hash(Dialect)

    @classmethod
    def import_dbapi(cls) -> DBAPIModule:
        """Return what SQLAlchemy needs of a DB-API module."""
        module = SimpleNamespace(
            paramstyle="qmark",
            Error=apsw.Error,
            Binary=bytes,
            sqlite_version_info=version(),
        )
        return cast("DBAPIModule", module)

    def _get_server_version_info(self, connection: object) -> tuple[int, ...]:  # noqa: ARG002
        return version()


registry.register("sqlite.apsw", __name__, Dialect.__name__)
