"""The tables of django-oauth-toolkit, as any of its versions left them; only ever read."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Row,
    String,
    Table,
    create_engine,
    inspect,
    make_url,
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
    "client_id",
    "client_secret",
    "name",
    "client_type",
    "authorization_grant_type",
    "redirect_uris",
    "user_id",
)
_LATER = ("created", "hash_client_secret")  # columns that its older versions have not
_NAMES = ("first_name", "last_name", "username", "email")


def applications(
    url: str,
    table: str = APPLICATIONS,
    users: str | None = None,
    *,
    with_users: bool = True,
) -> list[SourceApplication]:
    """Read every application of the database at `url`, in the order they were made.

    The users' table is the one that the applications' foreign key names, unless `users` does.
    Without `with_users` none is read, and an owner has no name.
    """
    with _reading(url) as connection:
        rows = _table(connection, table, "--application-table")
        absent = [name for name in _NEEDED if name not in rows.c]
        if absent:
            raise SourceError(f"The table {table} is not {NAME}'s: it has no {absent[0]}.")
        owners = _users(connection, table, users) if with_users else {}
        columns: list[ColumnElement[Any]] = [rows.c[name] for name in _NEEDED if name in rows.c]
        columns += [
            type_coerce(rows.c[name], String).label(name) for name in _LATER if name in rows.c
        ]
        query = select(*columns).order_by(rows.c.id)
        return [_found(row, owners) for row in connection.execute(query)]


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


def _users(connection: Connection, table: str, users: str | None) -> dict[str, Owner]:
    """Return the users by their id, as text, with the names that their table has."""
    name, key = users or _USERS, "id"
    for each in inspect(connection).get_foreign_keys(table):
        if each["constrained_columns"] == ["user_id"]:
            name, key = users or each["referred_table"], each["referred_columns"][0]
    rows = _table(connection, name, "--user-table")
    columns = [rows.c[each] for each in _NAMES if each in rows.c]
    query = select(rows.c[key].label("key"), *columns)
    return {str(row.key): _owner(row) for row in connection.execute(query)}


def _owner(row: Row[Any]) -> Owner:
    there = {name: str(value or "").strip() for name, value in row._mapping.items()}  # noqa: SLF001 - SQLAlchemy's public way
    whole = f"{there.get('first_name', '')} {there.get('last_name', '')}".strip()
    name = whole or there.get("username") or there.get("email") or f"User {row.key}"
    return Owner(str(row.key), name)


def _found(row: Row[Any], users: dict[str, Owner]) -> SourceApplication:
    there = row._mapping  # noqa: SLF001
    hashed = there.get("hash_client_secret")
    key = None if row.user_id is None else str(row.user_id)
    return SourceApplication(
        client_id=row.client_id or "",
        kept=Secret(row.client_secret or ""),
        was_hashed=None if hashed is None else str(hashed).lower() in {"1", "true"},
        name=row.name or "",
        is_confidential=row.client_type == "confidential",
        is_client_credentials=row.authorization_grant_type == "client-credentials",
        redirect_uris=row.redirect_uris or "",
        created_at=_moment(there.get("created")),
        owner=None if key is None else users.get(key, Owner(key, f"User {key}")),
    )


def _moment(value: object) -> datetime | None:
    """Read a time of either database in whole milliseconds; one without a zone is UTC."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=aware.microsecond // 1000 * 1000)
