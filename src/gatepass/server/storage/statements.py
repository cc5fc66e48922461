"""Parts of statements that SQLite and PostgreSQL do not have alike, for the stores."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Index,
    Subquery,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
)

from gatepass.server.storage.database import Timestamp
from gatepass.server.storage.timestamps import milliseconds

CHANNEL = "gatepass_change"
"""The name by which PostgreSQL tells listeners that there are changes."""


def notify(connection: Connection) -> None:
    """Tell listeners on PostgreSQL, once this transaction is committed, that there are changes."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


def next_of(column: Column[str], value: str | ColumnElement[str]) -> ColumnElement[str]:
    """Return the smallest text of a unique column from `value` on, or else the smallest of all.

    A row that is looked up by it is there in any case, at about the place where `value` would
    be. So the time of the look-up does not tell whether `value` is in the table.
    """
    texts = column.table.alias().c[column.name]
    smallest = select(func.min(texts))
    from_there = smallest.where(texts >= value).scalar_subquery()
    found: ColumnElement[str] = func.coalesce(from_there, smallest.scalar_subquery())
    return found


def has_text(column: Column[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that a column contains a text, in upper or lower case.

    SQLite knows upper and lower case of ASCII letters only, so of another text the usual spellings
    are asked for.
    """
    spellings = set() if text.isascii() else {text, text.upper(), text.title(), text.capitalize()}
    return or_(
        func.lower(column).contains(text.lower(), autoescape=True),
        *(column.contains(each, autoescape=True) for each in sorted(spellings)),
    )


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows that have the same columns, by the driver; SQLAlchemy takes as long again."""
    if rows:
        sql, process = _insertion(connection.dialect, table, tuple(rows[0]))
        columns = zip(*(row.values() for row in rows), strict=True)
        bound = (
            map(each, column) if each else column
            for each, column in zip(process, columns, strict=True)
        )
        connection.exec_driver_sql(sql, list(zip(*bound, strict=True)))


@cache
def _insertion(
    dialect: Dialect, table: Table, keys: tuple[str, ...]
) -> tuple[str, tuple[Callable[[Any], Any] | None, ...]]:
    columns = [table.c[key] for key in keys]
    names = ", ".join(map(dialect.identifier_preparer.format_column, columns))
    marks = ", ".join(["?" if dialect.name == "sqlite" else "%s"] * len(columns))
    process = (_bind_processor(dialect, each) for each in columns)
    sql = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - names of ours
    return sql, tuple(process)


def _bind_processor(dialect: Dialect, column: Column[Any]) -> Callable[[Any], Any] | None:
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    # most datetimes of many rows are the same one
    return lru_cache(64)(process) if process and isinstance(column.type, Timestamp) else process


def partial_index(name: str, column: Column[Any], where: ColumnElement[bool]) -> Index:
    """Return an index of the rows in which `where` holds; the migrations make it.

    They make it on PostgreSQL too, whose keyword here would load that dialect also on SQLite.
    """
    return Index(name, column, sqlite_where=where)


def insert_into(dialect: str, table: Table) -> Any:  # noqa: ANN401 - of one dialect
    """Return an INSERT that can have ON CONFLICT; only the dialect that is used is loaded."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def upsert(connection: Connection, table: Table, **values: object) -> None:
    """Insert a row, or set the other columns of the one that has its primary key."""
    key = table.primary_key.columns
    others = {name: value for name, value in values.items() if name not in key}
    new = insert_into(connection.dialect.name, table).values(**values)
    connection.execute(new.on_conflict_do_update(index_elements=key, set_=others))


def given_rows(dialect: str, columns: Iterable[Column[Any]]) -> Subquery:
    """Return a table of these columns that has the rows of the parameter `rows` (see `as_rows`).

    A statement on it does for all rows what `executemany` does row by row. On SQLite that leaves
    the interpreter to other threads all the while, and does not wait for it after each row.
    """
    rows = bindparam("rows", type_=Text)
    if dialect == "sqlite":
        each = func.json_each(rows).table_valued("value")
    else:
        each = func.json_array_elements(cast(rows, JSON)).table_valued("value")
    values = (
        cast(each.c.value.op("->>")(literal_column(str(place))), column.type).label(column.key)
        for place, column in enumerate(columns)
    )
    return select(*values).subquery("given")


def as_rows(rows: Iterable[Sequence[object]]) -> str:
    """Return the value of the parameter `rows`: texts, numbers, ids and datetimes."""
    return json.dumps(list(rows), default=_as_json)


def _as_json(value: UUID | datetime) -> str | int:
    return value.hex if isinstance(value, UUID) else milliseconds(value)
