"""Rows as both databases have them: lists of JSON values, and their digest.

A UUID is its hexadecimal digits, bytes are base64, a moment is Unix milliseconds.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.exc import DBAPIError

from gatepass.server.storage.transfer.tables import Kind, TransferTable

AT_ONCE = 2000  # rows in memory, and in one transaction

Row = list[Any]


class RowDigest:
    """Counts rows and digests them (SHA-256), each as a line of compact JSON."""

    def __init__(self) -> None:
        self.rows = 0
        self._sha256 = sha256()

    def add(self, rows: Sequence[Row]) -> bytes:
        """Add rows; return their lines."""
        lines = "".join(f"{compact(row)}\n" for row in rows).encode()
        self.add_lines(lines, len(rows))
        return lines

    def add_lines(self, lines: bytes, count: int) -> None:
        """Add rows that are lines already."""
        self._sha256.update(lines)
        self.rows += count

    def sha256(self) -> str:
        """Return the digest of all rows so far, in hexadecimal digits."""
        return self._sha256.hexdigest()


def compact(value: object) -> str:
    """Return JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def count(connection: Connection, table: TransferTable) -> int:
    """Return the number of rows."""
    return connection.execute(select(func.count()).select_from(table.table)).scalar_one()


def read(connection: Connection, table: TransferTable) -> Iterator[list[Row]]:
    """Yield all rows in the order of the primary key, some at a time."""
    columns = [table.table.c[name] for name in table.columns]
    query = select(*columns).order_by(*table.in_order(connection.dialect.name))
    encoders = [_ENCODERS.get(kind) for kind in table.columns.values()]
    with connection.execution_options(yield_per=AT_ONCE).execute(query) as result:
        for rows in result.partitions():
            yield _convert(rows, encoders)


def digest(connection: Connection, table: TransferTable) -> RowDigest:
    """Return the digest of all rows of a table."""
    found = RowDigest()
    for rows in read(connection, table):
        found.add(rows)
    return found


def write(connection: Connection, table: TransferTable, rows: Sequence[Row]) -> None:
    """Insert rows; PostgreSQL takes them as a stream (COPY)."""
    if not rows:
        return
    decoders = [_DECODERS.get(kind) for kind in table.columns.values()]
    values = _convert(rows, decoders)
    prepare = connection.dialect.identifier_preparer.quote
    name, columns = prepare(table.name), ", ".join(map(prepare, table.columns))
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {name} ({columns}) FROM STDIN", values)
    else:
        marks = ", ".join("?" * len(table.columns))
        sql = f"INSERT INTO {name} ({columns}) VALUES ({marks})"  # noqa: S608 - names of ours
        connection.exec_driver_sql(sql, list(map(tuple, values)))


def empty(connection: Connection, table: TransferTable) -> None:
    """Delete all rows of a table."""
    connection.execute(delete(table.table))


def set_next_numbers(connection: Connection, table: TransferTable) -> None:
    """Let PostgreSQL number new rows after those that were written; SQLite does by itself."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.table.primary_key.columns:
        sequence = connection.execute(
            select(func.pg_get_serial_sequence(table.name, column.name))
        ).scalar()
        newest = connection.execute(select(func.max(column))).scalar() if sequence else None
        if newest is not None:
            connection.execute(select(func.setval(sequence, newest)))


def _copy(connection: Connection, sql: str, rows: Iterable[Row]) -> None:
    import psycopg  # only where the target is a PostgreSQL

    cursor = connection.connection.cursor()
    try:
        with cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError.instance(
            sql, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
        ) from error
    finally:
        cursor.close()


def _convert(
    rows: Sequence[Sequence[Any]], functions: Sequence[Callable[[Any], Any] | None]
) -> list[Row]:
    """Return rows with each column's function applied to the values that are not None."""
    columns = [
        [None if value is None else function(value) for value in values] if function else values
        for values, function in zip(zip(*rows, strict=True), functions, strict=True)
    ]
    return list(map(list, zip(*columns, strict=True)))


def _digits(value: UUID | str) -> str:
    return value.hex if isinstance(value, UUID) else value


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


_ENCODERS: dict[Kind, Callable[[Any], Any]] = {"uuid": _digits, "bytes": _base64, "boolean": bool}
_DECODERS: dict[Kind, Callable[[Any], Any]] = {"bytes": b64decode}
