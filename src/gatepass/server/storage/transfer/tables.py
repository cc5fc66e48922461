"""The tables of a database whose rows a backup or a copy has, as the database describes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import (
    CHAR,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
    collate,
    inspect,
)
from sqlalchemy.engine.interfaces import ReflectedColumn

from gatepass.server.storage.errors import DatabaseError

Kind = Literal["uuid", "text", "integer", "boolean", "bytes"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LEFT_OUT = {
    "alembic_version": "the migrations of the target write it",
    "gatepass_schema": "the migrations of the target write it",
    "gatepass_unfinished": "exists only while a restore or a copy is at work",
    "heartbeat": "says whether the database it is in accepts changes, of no other",
}
"""The tables that no backup has, with the reason."""

_UUID_LENGTH = 32  # SQLite has no UUIDs: they are hexadecimal digits


@dataclass(frozen=True, slots=True)
class TransferTable:
    """A table's name and its columns, each with its kind; `table` is for statements."""

    name: str
    columns: dict[str, Kind]
    table: Table

    def in_order(self, dialect: str) -> list[ColumnElement[Any]]:
        """Return what rows are ordered by: the primary key, by its bytes on both databases."""
        key = self.table.primary_key.columns
        if dialect != "postgresql":
            return list(key)
        is_text = {name for name, kind in self.columns.items() if kind == "text"}
        return [collate(each, "C") if each.name in is_text else each for each in key]

    def with_columns_of(self, columns: Mapping[str, str]) -> "TransferTable | None":
        """Return this table with its columns in another order; None where they are others."""
        if columns != self.columns:
            return None
        in_order = {name: self.columns[name] for name in columns}
        return TransferTable(self.name, in_order, self.table)


def tables_of(connection: Connection) -> list[TransferTable]:
    """Return the tables that have rows to transfer, those that others refer to first."""
    inspector = inspect(connection)
    names = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name]
    columns = inspector.get_multi_columns()
    keys = inspector.get_multi_pk_constraint()
    by_name = {name: (found, keys[schema, name]) for (schema, name), found in columns.items()}
    return [
        _table(name, by_name[name][0], set(by_name[name][1]["constrained_columns"]))
        for name in names
        if name not in LEFT_OUT
    ]


def _table(name: str, columns: list[ReflectedColumn], key: set[str]) -> TransferTable:
    made = Table(
        name,
        MetaData(),
        *(Column(each["name"], each["type"], primary_key=each["name"] in key) for each in columns),
    )
    return TransferTable(name, {each["name"]: _kind(name, each) for each in columns}, made)


def _kind(table: str, column: ReflectedColumn) -> Kind:
    match column["type"]:
        case Uuid():
            return "uuid"
        case CHAR(length=length) if length == _UUID_LENGTH:
            return "uuid"
        case Boolean():
            return "boolean"
        case Integer():
            return "integer"
        case LargeBinary():
            return "bytes"
        case String():
            return "text"
    raise DatabaseError(
        f"A backup does not know the type of {table}.{column['name']} ({column['type']}). "
        "Use the version of Gatepass that the database is of."
    )
