"""Each earlier schema, with rows in every table, is brought to this version and loses nothing.

Each step is done for itself; all of them one after the other from the first schema, from that of
the version before, and from the newest ones.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, MetaData, RowMapping, Table

import previous_version
from contracts import samples
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.applications import lookup
from gatepass.server.domain.keys import store as keys
from gatepass.server.domain.keys.opaque_token_key import OpaqueTokenKey
from gatepass.server.domain.users import store as people
from gatepass.server.domain.users.passwords.passwords import Hasher, PasswordSettings
from gatepass.server.environment.environment import Environment
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Database
from gatepass.server.storage.master_key import MasterKey
from gatepass.server.storage.migrations import revisions, runner
from gatepass.server.storage.timestamps import milliseconds
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.opaque import decode, encode
from gatepass.wire.credential import Mode

Tables = dict[str, Table]
Written = dict[str, dict[str, object]]

_KNOWN = revisions.load()
_MASTER = MasterKey(b"m" * 32)
_SECRET = b"s" * 32
_CHEAP = PasswordSettings(time_cost=1, memory_kib=8 * 1024)
_ID = UUID(int=7)
_CLAIMS = Claims(_ID.bytes, bytes(16), 1_800_000_000_000, 600, "read", ())
_VALUES: dict[str, object] = {  # by a column's name, with a table's name where that matters
    "application.scope": "read write",
    "client_id": "gpc_live_x",
    "client_type": "confidential",
    "encoded": None,
    "email": "Zoe@A.example",
    "email_key": "zoe@a.example",
    "ended_at": None,
    "ends_on_use_of": None,
    "flash": None,
    "grant_type": "client_credentials",
    "mint_mode": "off",
    "networks": "",
    "resource.uri": "https://api.example",
    "resource.tokens": "jwt",
    "algorithm": "ES256",
    "role": "user",
    "scope.name": "meters",
    "scope.resource": "https://api.example",
    "token_lifetime": 600,
    "redirect_uris": "",
}
_OWN = {"alembic_version", "gatepass_schema"}  # of the migrations
_NUMBERED = {"change.seq", "audit.id", "refusal.id"}  # by the database
_CHANGED = {("server_key", "purpose"), ("person", "initial_password_at")}  # by 0010 and by 0006


@pytest.fixture(autouse=True)
def patient() -> Iterator[None]:
    """A busy machine takes longer to read the catalogue than a request may wait."""
    with deadline.each(deadline.LONG):
        yield


def test_each_step_keeps_the_rows_of_every_table(connect: Callable[[], Database]) -> None:
    database = connect()
    runner.migrate(database, _KNOWN[:1])
    with database.read() as connection:
        tables = _reflected(connection)
    for number, step in enumerate(_KNOWN[1:], start=1):
        with database.write() as connection:
            filled = {name for name in tables if _rows(connection, tables[name])}
            written = _fill(connection, tables, _KNOWN[number - 1].revision)

        runner.migrate(database, _KNOWN[: number + 1])

        with database.write() as connection:
            tables = _reflected(connection)
            _check_kept(connection, tables, written, step.revision)
            _empty(connection, tables, written, filled)


def _rows(connection: Connection, table: Table) -> Sequence[RowMapping]:
    return connection.execute(sa.select(table)).mappings().all()


def _empty(connection: Connection, tables: Tables, written: Written, filled: set[str]) -> None:
    """Delete what was written, and keep what migrations wrote to the `filled` tables."""
    for name, table in reversed(tables.items()):
        row = written.get(name, written.get("sealing_key") if name == "server_key" else None)
        if row is None:
            continue
        keys = [column == row[column.name] for column in table.primary_key if name in filled]
        connection.execute(table.delete().where(*keys))


@pytest.mark.parametrize(
    "revision",
    [_KNOWN[0].revision, previous_version.REVISION, *(each.revision for each in _KNOWN[-2:])],
)
def test_rows_of_every_table_of_an_earlier_schema_are_there_afterwards(
    connect: Callable[[], Database], url: str, tmp_path: Path, revision: str
) -> None:
    database = connect()
    runner.migrate(database, [each for each in _KNOWN if each.revision <= revision])
    with database.write() as connection:
        written = _fill(connection, _reflected(connection), revision)

    database.migrate()

    with database.read() as connection:
        _check_kept(connection, _reflected(connection), written, "all")
        [application] = lookup.of_organization(connection, _ID)
        assert str(application.scope) == "read write"
        assert [person.email for person in people.of_organization(connection, _ID)] == [
            "Zoe@A.example"
        ]
        [key] = keys.all_keys(connection, _MASTER, Mode.LIVE)
        assert (key.purpose, key.secret) == ("opaque", _SECRET)
    with closing(_environment(url, tmp_path)) as environment:
        environment.open()  # the server's memory is read from it
        token = encode(_CLAIMS, OpaqueTokenKey(Mode.LIVE, 1, _SECRET))
        assert decode(token, environment.keys.opaque_token_keys) == _CLAIMS


def _environment(url: str, tmp_path: Path) -> Environment:
    own = EnvironmentSettings(database="" if url.startswith("sqlite") else url)
    settings = Settings(data=tmp_path, production=own, password=_CHEAP)
    return Environment(Mode.LIVE, settings, _MASTER, Hasher(_CHEAP))


def _check_kept(connection: Connection, now: Tables, written: Written, step: str) -> None:
    for name in written.keys() & now.keys():
        rows = _rows(connection, now[name])
        assert [row for row in rows if _has(row, written[name], name)], (step, name)
    assert written.keys() - now.keys() <= {"sealing_key"}, step


def _has(row: Any, written: dict[str, object], table: str) -> bool:  # noqa: ANN401 - a mapping
    return all(
        row[name] == value for name, value in written.items() if (table, name) not in _CHANGED
    )


def _fill(connection: Connection, tables: Tables, revision: str) -> Written:
    """Write a row to each table; return what was written."""
    written = {}
    for name, table in tables.items():
        if name in _OWN:
            continue
        row = {
            column.name: _value(table, column, revision)
            for column in table.columns
            if f"{name}.{column.name}" not in _NUMBERED
        }
        connection.execute(table.insert().values(row))
        written[name] = row
    return written


def _reflected(connection: Connection) -> Tables:
    """Return the tables as they are, those that others refer to first."""
    found = MetaData()
    found.reflect(connection)
    return {table.name: table for table in found.sorted_tables}


def _value(table: Table, column: sa.Column[Any], revision: str) -> object:
    own: dict[str, object] = _VALUES | {
        "encrypted": _MASTER.encrypt(_SECRET, "gatepass sealing key live 1"),
        "purpose": "seal" if revision < "0010" else "opaque",
    }
    name = f"{table.name}.{column.name}"
    if name in own or column.name in own:
        return own.get(name, own.get(column.name))
    is_id = column.name in {"id", "handle"} or column.name.endswith("_id")
    if is_id or isinstance(column.type, sa.Uuid):
        return _of_id(column)
    if column.name in {"at", "start"} or column.name.endswith(("_at", "_before")):
        return milliseconds(samples.NOW - timedelta(days=1))
    return _of_type(column.type)


def _of_type(kind: sa.types.TypeEngine[Any]) -> object:
    if isinstance(kind, sa.LargeBinary):
        return b"b" * 32
    if isinstance(kind, sa.Boolean):
        return False
    return 1 if isinstance(kind, sa.Integer) else "x"


def _of_id(column: sa.Column[Any]) -> object:
    if isinstance(column.type, sa.Integer):
        return 1
    if isinstance(column.type, sa.LargeBinary):
        return _ID.bytes
    return _ID if isinstance(column.type, sa.Uuid) else _ID.hex
