"""The table of the assertions that were used: a row for those of one transaction.

Writers stand in line on both databases, so one that has read all rows knows all uses. A row for
each assertion, found by its digest, would be written to another page of the index each time.
"""

import struct
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, Connection, LargeBinary, Table, bindparam, delete, insert, select

from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Counter, Timestamp, metadata

REVISION = "0033"
"""The revision of the tables that has this one."""

DIGEST = 12  # bytes

_USE = struct.Struct(f">{DIGEST}sI")  # the digest, and Unix seconds

used_assertions = Table(
    "used_assertions",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("uses", LargeBinary, nullable=False),
    Column("expires_at", Timestamp, nullable=False, index=True),
    sqlite_autoincrement=True,  # a number is never given twice, also if all rows were deleted
)

# Built once: to build a query takes as long as to execute it.
_ADDED = insert(used_assertions).returning(used_assertions.c.seq)
_AFTER = (
    select(used_assertions.c.seq, used_assertions.c.uses)
    .where(used_assertions.c.seq > bindparam("seq"))
    .order_by(used_assertions.c.seq)
    .limit(bindparam("most"))
)
_ALL = 2**31


class Row(NamedTuple):
    """The uses of one transaction, and its number."""

    seq: int
    uses: bytes

    def read(self) -> Iterable[tuple[bytes, int]]:
        """Return each digest with when the assertion expires (Unix seconds)."""
        return _USE.iter_unpack(self.uses)


def add(connection: Connection, uses: Mapping[bytes, int], until: datetime) -> int:
    """Note uses, by digest, that are kept `until` then; return the number of the row."""
    joined = b"".join([_USE.pack(*use) for use in uses.items()])
    seq: int = connection.execute(_ADDED, {"uses": joined, "expires_at": until}).scalar_one()
    return seq


def after(connection: Connection, seq: int, most: int = _ALL) -> list[Row]:
    """Return the rows after a number, in their order."""
    found = connection.execute(_AFTER, {"seq": seq, "most": most})
    return [Row(*each) for each in found]


def has_expired(connection: Connection, now: datetime) -> bool:
    """Return whether there are assertions that have expired."""
    table = used_assertions.c
    expired = select(table.seq).where(table.expires_at <= now)
    return connection.execute(expired.limit(1)).first() is not None


def prune(connection: Connection, now: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget assertions that have expired, `limit` rows at most; return how many rows."""
    table = used_assertions
    expired = select(table.c.seq).where(table.c.expires_at <= now).limit(limit)
    return connection.execute(delete(table).where(table.c.seq.in_(expired))).rowcount
