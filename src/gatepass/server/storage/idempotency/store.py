"""The table of requests that had an Idempotency-Key, and of what they were answered."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Column, Connection, LargeBinary, Table, delete, insert, select

from gatepass.server.storage.database import Timestamp, metadata

REVISION = "0027"
_FORGOTTEN = 100  # rows that one new row forgets at most

idempotent_request = Table(
    "idempotent_request",
    metadata,
    Column("key_digest", LargeBinary, primary_key=True),
    Column("request_digest", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("at", Timestamp, nullable=False, index=True),
)


class Kept(NamedTuple):
    """What was asked for, and the answer, encrypted."""

    request_digest: bytes
    answer: bytes


def find(connection: Connection, key_digest: bytes, since: datetime) -> Kept | None:
    """Return the request with this key, if it was after `since`."""
    table = idempotent_request.c
    query = select(table.request_digest, table.answer).where(
        table.key_digest == key_digest, table.at > since
    )
    row = connection.execute(query).one_or_none()
    return Kept(*row) if row else None


def add(
    connection: Connection, key_digest: bytes, kept: Kept, now: datetime, forgotten: datetime
) -> None:
    """Keep a request's answer; forget some of those that are from before `forgotten`."""
    table = idempotent_request.c
    old = select(table.key_digest).where(table.at <= forgotten).limit(_FORGOTTEN)
    connection.execute(
        delete(idempotent_request).where(
            table.key_digest.in_(old) | (table.key_digest == key_digest)
        )
    )
    connection.execute(
        insert(idempotent_request).values(key_digest=key_digest, **kept._asdict(), at=now)
    )
