"""The table of how far entries were forwarded: one row, which one process at a time holds."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, Table, Text, insert, select, update

from gatepass.server.storage.database import Timestamp, metadata

REVISION = "0030"
"""The revision of the tables that has this one."""

_NAME = "entries"

audit_forward = Table(
    "audit_forward",
    metadata,
    Column("name", Text, primary_key=True),
    Column("audit_id", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("held_until", Timestamp, nullable=False),
)
_OWN = audit_forward.c.name == _NAME


def position(connection: Connection) -> int | None:
    """Return the number of the last entry that was forwarded; None where none ever was."""
    return connection.execute(select(audit_forward.c.audit_id).where(_OWN)).scalar()


def take(
    connection: Connection, holder: str, now: datetime, until: datetime, newest: int
) -> int | None:
    """Hold the row until `until`; return the last entry that was forwarded.

    None where another process holds it. Where none was ever forwarded, those after `newest` are.
    """
    found = connection.execute(select(audit_forward).where(_OWN)).one_or_none()
    if found is None:
        row = {"name": _NAME, "audit_id": newest, "holder": holder, "held_until": until}
        connection.execute(insert(audit_forward).values(**row))
        return newest
    if found.holder != holder and found.held_until > now:
        return None
    last = min(int(found.audit_id), newest)  # an older backup may have fewer entries
    values = {"audit_id": last, "holder": holder, "held_until": until}
    connection.execute(update(audit_forward).where(_OWN).values(**values))
    return last


def advance(connection: Connection, holder: str, audit_id: int, until: datetime) -> bool:
    """Note that entries up to one were forwarded; return whether `holder` still holds the row."""
    held = _OWN & (audit_forward.c.holder == holder)
    values = {"audit_id": audit_id, "held_until": until}
    return connection.execute(update(audit_forward).where(held).values(**values)).rowcount > 0
