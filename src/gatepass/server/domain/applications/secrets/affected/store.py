"""Counts the client secrets that a change of a policy concerns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, func, or_, select, type_coerce

from gatepass.server.domain.applications.store import application, secret
from gatepass.server.storage.database import Connection

_END = secret.c.expires_at


def count_with_secret(connection: Connection, org_id: UUID | None, now: datetime) -> int:
    """Count the applications that have a secret that works."""
    return _number(connection, func.count(secret.c.application_id.distinct()), org_id, now)


def count_longer(connection: Connection, org_id: UUID | None, lifetime: int, now: datetime) -> int:
    """Count the secrets that work and live longer than a number of seconds, or without an end."""
    begun, end = (type_coerce(each, BigInteger) for each in (secret.c.created_at, _END))
    is_longer = or_(_END.is_(None), end - begun > lifetime * 1000)  # both are in milliseconds
    return _number(connection, func.count(), org_id, now, is_longer)


def _number(
    connection: Connection,
    counted: ColumnElement[Any],
    org_id: UUID | None,
    now: datetime,
    *conditions: ColumnElement[bool],
) -> int:
    """Count something of the secrets that work, of an organization or of all."""
    joined = secret.join(application, application.c.id == secret.c.application_id)
    query = select(counted).select_from(joined).where(or_(_END.is_(None), now < _END), *conditions)
    if org_id is not None:
        query = query.where(application.c.org_id == org_id)
    number: int = connection.execute(query).scalar_one()
    return number
