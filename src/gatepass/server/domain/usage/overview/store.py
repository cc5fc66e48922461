"""Reads what all applications were issued, and why those of an organization were refused."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Connection, cast, func, select

from gatepass.server.domain.applications.store import application, has_any_scope
from gatepass.server.domain.usage.model import FINE, ISSUED, Kind, Refusal
from gatepass.server.domain.usage.store import refusal, usage


def issued_in_all(connection: Connection, moment: datetime) -> int:
    """Return how many tokens all applications were issued from `moment`, a few hours ago, on."""
    query = select(func.coalesce(cast(func.sum(usage.c.times), BigInteger), 0)).where(
        usage.c.span == FINE, usage.c.start >= moment, usage.c.what == ISSUED
    )
    return connection.execute(query).scalar_one()


def issued_with_scopes(connection: Connection, names: Iterable[str], moment: datetime) -> int:
    """Return how many tokens applications with one of some scopes were issued from `moment` on."""
    query = (
        select(func.coalesce(cast(func.sum(usage.c.times), BigInteger), 0))
        .join_from(usage, application, application.c.id == usage.c.application_id)
        .where(
            usage.c.span == FINE,
            usage.c.start >= moment,
            usage.c.what == ISSUED,
            has_any_scope(names),
        )
    )
    return connection.execute(query).scalar_one()


def recent_of_organization(
    connection: Connection, org_id: UUID, limit: int
) -> list[tuple[Refusal, str, str]]:
    """Return the refusals of an organization, the newest first, with client id and name."""
    query = (
        select(*refusal.c, application.c.client_id, application.c.name)
        .join_from(refusal, application, application.c.id == refusal.c.application_id)
        .where(application.c.org_id == org_id)
        .order_by(refusal.c.at.desc(), refusal.c.id.desc())
        .limit(limit)
    )
    return [
        (
            Refusal(
                Kind(row.application_id, row.reason, row.note, row.source, row.agent),
                row.times,
                row.first_at,
                row.at,
            ),
            row.client_id,
            row.name,
        )
        for row in connection.execute(query)
    ]
