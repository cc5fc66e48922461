"""Which rise was told of last, and the counts that show one."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Table,
    Uuid,
    cast,
    func,
    select,
)

from gatepass.server.domain.usage.model import ISSUED
from gatepass.server.domain.usage.rising.model import FEWEST, NOT_AGAIN_FOR, Refused
from gatepass.server.domain.usage.store import usage
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import upsert

REVISION = "0029"
"""The revision since which the table is there."""
MOST = 500
"""Applications that are looked at, those with the most refusals."""

refusal_rise = Table(
    "refusal_rise",
    metadata,
    Column(
        "application_id",
        Uuid,
        ForeignKey("application.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("at", Timestamp, nullable=False),
)


def most_refused(connection: Connection, span: int, since: datetime) -> list[Refused]:
    """Return the applications with enough refusals in spans of `span` seconds from `since` on."""
    refused = (usage.c.span == span) & (usage.c.start >= since) & (usage.c.what != ISSUED)
    times = cast(func.sum(usage.c.times), BigInteger)
    many = (
        select(usage.c.application_id)
        .where(refused)
        .group_by(usage.c.application_id)
        .having(times >= FEWEST)
        .order_by(times.desc())
        .limit(MOST)
    )
    by_reason = (
        select(usage.c.application_id, usage.c.what, times)
        .where(refused, usage.c.application_id.in_(many))
        .group_by(usage.c.application_id, usage.c.what)
        .order_by(usage.c.application_id, times.desc(), usage.c.what)
    )
    found: dict[UUID, Refused] = {}
    for app_id, reason, count in connection.execute(by_reason):
        known = found.get(app_id, Refused(app_id, 0, reason))
        found[app_id] = known._replace(times=known.times + count)
    return list(found.values())


def refused_between(connection: Connection, app_id: UUID, since: datetime, until: datetime) -> int:
    """Return how many requests of an application were refused from `since` to before `until`."""
    times = func.coalesce(cast(func.sum(usage.c.times), BigInteger), 0)
    query = select(times).where(
        usage.c.application_id == app_id,
        usage.c.what != ISSUED,
        usage.c.start >= since,
        usage.c.start < until,
    )
    return connection.execute(query).scalar_one()


def told(connection: Connection, app_ids: Collection[UUID], now: datetime) -> set[UUID]:
    """Return those of the applications of which it was said lately."""
    lately = refusal_rise.c.at > now - NOT_AGAIN_FOR
    known = refusal_rise.c.application_id.in_(list(app_ids))
    query = select(refusal_rise.c.application_id).where(known, lately)
    return set(connection.execute(query).scalars())


def record(connection: Connection, app_id: UUID, now: datetime) -> None:
    """Note that it is said now."""
    upsert(connection, refusal_rise, application_id=app_id, at=now)
