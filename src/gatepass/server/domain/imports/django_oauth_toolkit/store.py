"""The tables of django-oauth-toolkit, as any of its versions left them; only ever read."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from typing import cast as to_type

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Select,
    String,
    Table,
    Text,
    cast,
    create_engine,
    inspect,
    make_url,
    null,
    select,
    type_coerce,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchTableError

from gatepass.server.domain.imports.model import Owner, SourceApplication, SourceError
from gatepass.wire.secret import Secret

NAME = "django-oauth-toolkit"
APPLICATIONS = "oauth2_provider_application"
_USERS = "auth_user"
_NEEDED = (
    "user_id",
    "client_id",
    "client_secret",
    "name",
    "client_type",
    "authorization_grant_type",
    "redirect_uris",
)
_LATER = ("created", "hash_client_secret")  # columns that its older versions have not
_NAMES = ("first_name", "last_name", "username", "email")
_AT_ONCE = 1000  # rows


def applications(
    url: str,
    table: str = APPLICATIONS,
    users: str | None = None,
    *,
    with_users: bool = True,
) -> Generator[SourceApplication, None, None]:
    """Return every application of the database at `url`, read as they are taken.

    Those of an owner are neighbours. The users' table is the one that the applications' foreign
    key names, unless `users` does. Without `with_users` none is read, and an owner has no name.
    Raises SourceError, at once where the database or a table cannot be read.
    """
    found = _applications(url, table, users, with_users=with_users)
    next(found)
    return to_type("Generator[SourceApplication, None, None]", found)


def _applications(
    url: str, table: str, users: str | None, *, with_users: bool
) -> Generator[SourceApplication | None, None, None]:
    with _reading(url) as connection:
        rows = _table(connection, table, "--application-table")
        absent = [name for name in _NEEDED if name not in rows.c]
        if absent:
            raise SourceError(f"The table {table} is not {NAME}'s: it has no {absent[0]}.")
        columns: list[ColumnElement[Any]] = [rows.c[name] for name in _NEEDED]
        columns += [
            type_coerce(rows.c[name], String) if name in rows.c else null() for name in _LATER
        ]
        query = select(*columns).order_by(rows.c.id)
        if with_users:
            there = _users(connection, table, users)
            query = _with_users(query, rows, *there, is_sqlite=connection.dialect.name == "sqlite")
        result = connection.execution_options(yield_per=_AT_ONCE).execute(query)
        yield None  # the tables can be read
        owner: Owner | None = None
        for row in result:
            key = None if row[0] is None else str(row[0])
            if key != (owner and owner.key):
                owner = None if key is None else _owner(key, row[len(columns) :])
            yield _found(row, owner)


def _with_users(
    query: Select[Any], rows: Table, users: Table, key: str, *, is_sqlite: bool
) -> Select[Any]:
    """Return the query with the names of each application's user, ordered by users."""
    there, here = users.c[key], rows.c.user_id
    is_owner = there == here
    if not is_sqlite:  # which compares what has different types
        is_owner = cast(there, Text) == cast(here, Text)
    names = [users.c[each] if each in users.c else null() for each in _NAMES]
    joined = query.select_from(rows.outerjoin(users, is_owner)).add_columns(*names)
    return joined.order_by(None).order_by(rows.c.user_id, rows.c.id)


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        said = str(error.orig).strip().splitlines()
        raise SourceError(
            f"That database cannot be read: {said[0] if said else 'no reason'}."
        ) from None
    finally:
        engine.dispose()


def has_password(text: str) -> bool:
    """Return whether a database's address carries a password, in the user part or the query."""
    url = _parsed(text)
    return url is not None and (url.password is not None or "password" in url.query)


def _parsed(text: str) -> URL | None:
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        return None


def _engine(text: str) -> Engine:
    url = _parsed(text)
    if url is None:
        raise SourceError(
            "That is no database address. Give sqlite:///PATH or postgresql://USER@HOST/NAME."
        )
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        return _sqlite(Path(url.database or ""))
    if kind in {"postgresql", "postgres"}:
        return _postgresql(url)
    if kind in {"mysql", "mariadb"}:
        raise SourceError(
            "MySQL cannot be read. Load its tables into SQLite or PostgreSQL (dumpdata, loaddata)."
        )
    raise SourceError(f"The database cannot be {kind}, only sqlite or postgresql.")


def _sqlite(path: Path) -> Engine:
    """Open a file that is there, to read: SQLite would make one that is not."""
    if not path.is_file():
        raise SourceError(f"There is no file {path}.")
    from gatepass.server.storage import sqlite  # a server on PostgreSQL does without

    return sqlite.reader(path)


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            connect_args={"connect_timeout": 10},
            execution_options={"postgresql_readonly": True},
        )
    except ModuleNotFoundError:
        raise SourceError(
            "PostgreSQL needs its driver: pip install 'gatepass[postgres]'."
        ) from None


def _table(connection: Connection, name: str, option: str) -> Table:
    try:
        return Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
    except NoSuchTableError:
        raise SourceError(
            f"There is no table {name} in that database. Name the right one with {option}."
        ) from None


def _users(connection: Connection, table: str, users: str | None) -> tuple[Table, str]:
    """Return the users' table and the name of its key."""
    name, key = users or _USERS, "id"
    for each in inspect(connection).get_foreign_keys(table):
        if each["constrained_columns"] == ["user_id"]:
            name, key = users or each["referred_table"], each["referred_columns"][0]
    return _table(connection, name, "--user-table"), key


def _owner(key: str, names: Sequence[object]) -> Owner:
    first, last, username, email = (str(name or "").strip() for name in names or ("",) * 4)
    return Owner(key, f"{first} {last}".strip() or username or email or f"User {key}")


def _found(row: Sequence[Any], owner: Owner | None) -> SourceApplication:
    _, client_id, secret, name, client_type, grant_type, redirect_uris, created, hashed = row[:9]
    return SourceApplication(
        client_id=client_id or "",
        kept=Secret(secret or ""),
        was_hashed=None if hashed is None else str(hashed).lower() in {"1", "true"},
        name=name or "",
        is_confidential=client_type == "confidential",
        is_client_credentials=grant_type == "client-credentials",
        redirect_uris=redirect_uris or "",
        created_at=_moment(created),
        owner=owner,
    )


def _moment(value: object) -> datetime | None:
    """Read a time of either database in whole milliseconds; one without a zone is UTC."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=aware.microsecond // 1000 * 1000)
