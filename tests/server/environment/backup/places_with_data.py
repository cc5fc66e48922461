"""Places with a row in every table, and what is in them."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, Uuid, insert, select

from gatepass.server.configuration.settings import Settings
from gatepass.server.environment import data_directory, databases
from gatepass.server.environment.databases import NAMES
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.migrations import state
from gatepass.server.storage.transfer import rows
from gatepass.server.storage.transfer.tables import LEFT_OUT, tables_of
from gatepass.wire.credential import Mode

SPECIAL = "Ünï\\cødé\t\"quotes\"\n\\N 'x'"  # what an encoding may lose
NOW = datetime(2026, 5, 1, 12, 0, 0, 123_000, tzinfo=UTC)


def make(settings: Settings) -> Settings:
    """Make a place as a server's first start does, and add a row to each table."""
    data_directory.prepare(settings)
    for mode in Mode:
        with (
            closing(databases.of(settings, mode)) as database,
            deadline.each(deadline.COMMAND),
            database.write() as connection,
        ):
            made: dict[str, dict[str, Any]] = {}
            for table in metadata.sorted_tables:
                if table.name not in LEFT_OUT and table.name != "server_key":
                    made[table.name] = {each.key: _value(each, made) for each in table.columns}
                    connection.execute(insert(table).values(made[table.name]))
    return settings


def content(settings: Settings, mode: Mode) -> dict[str, tuple[int, str]]:
    """Return the number of rows and the digest of each table of an environment."""
    with (
        closing(databases.of(settings, mode, read_only=True)) as database,
        deadline.each(deadline.COMMAND),
        database.read() as connection,
    ):
        assert state.read(connection).environment in {None, NAMES[mode]}
        digests = {each.name: rows.digest(connection, each) for each in tables_of(connection)}
    return {name: (each.rows, each.sha256()) for name, each in digests.items()}


def column(settings: Settings, mode: Mode, table: Table, name: str) -> list[Any]:
    """Return the values of a column."""
    with (
        closing(databases.of(settings, mode, read_only=True)) as database,
        deadline.each(deadline.COMMAND),
        database.read() as connection,
    ):
        return list(connection.execute(select(table.c[name])).scalars())


def files(folder: Path) -> list[str]:
    """Return the names in a folder, none where there is no folder."""
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


def _value(column: Column[Any], made: dict[str, dict[str, Any]]) -> object:
    for key in column.foreign_keys:
        return made[key.column.table.name][key.column.key]
    if column.name in {"tokens", "algorithm"}:
        return None
    values: dict[type, object] = {
        Timestamp: NOW,
        Uuid: uuid4(),
        Boolean: True,
        Integer: 7_001,
        LargeBinary: bytes(range(256)),
    }
    return next((values[kind] for kind in values if isinstance(column.type, kind)), SPECIAL)
