"""Reads the list of an organization's applications: searched, filtered, sorted, in pages."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select

from gatepass.server.domain.applications.listing.model import (
    PAGE,
    Listed,
    ListPage,
    Order,
    Shown,
    Wanted,
    pages,
)
from gatepass.server.domain.applications.secrets.expiry_notices.store import is_replaced
from gatepass.server.domain.applications.store import application, secret
from gatepass.server.storage.database import Database
from gatepass.server.storage.statements import has_text

EXPIRES_SOON = timedelta(days=90)
_SHORTEST_ID = 4  # characters of a client id: fewer are in most of them

_ORDERS: dict[Order, tuple[ColumnElement[object], ...]] = {
    "created": (application.c.created_at.desc(), application.c.id),
    "name": (func.lower(application.c.name), application.c.id),
    "used": (application.c.last_used_at.desc().nulls_last(), application.c.id),
}


def find_page(
    database: Database, connection: Connection, org_id: UUID, wanted: Wanted, now: datetime
) -> ListPage:
    """Return the page that is wanted; the last one where there are not so many."""
    conditions = [application.c.org_id == org_id]
    if wanted.text:
        conditions.append(_has(wanted.text))
    if wanted.shown:
        conditions.append(_is(database, connection, wanted.shown, now))
    counted = select(func.count()).select_from(application).where(*conditions)
    total: int = connection.execute(counted).scalar_one()
    number = min(max(wanted.page, 1), pages(total))
    # Sorted by id and order alone, as whole rows are ten times as large.
    ids = select(application.c.id).where(*conditions).order_by(*_ORDERS[wanted.order])
    ids = ids.limit(PAGE).offset((number - 1) * PAGE)
    query = _select().where(application.c.id.in_(ids)).order_by(*_ORDERS[wanted.order])
    rows = connection.execute(query)
    return ListPage([Listed._make(row) for row in rows], number, total)


def names(connection: Connection, org_id: UUID) -> list[tuple[UUID, str, str]]:
    """Return id, name and client id of each application of an organization."""
    columns = application.c.id, application.c.name, application.c.client_id
    query = select(*columns).where(application.c.org_id == org_id)
    return [(app_id, name, client_id) for app_id, name, client_id in connection.execute(query)]


def _select() -> Select[tuple[object, ...]]:
    return select(*(application.c[name] for name in Listed._fields))


def _has(text: str) -> ColumnElement[bool]:
    """Return the condition of a search."""
    is_long = len(text) >= _SHORTEST_ID
    return or_(
        has_text(application.c.name, text),
        *([application.c.client_id.contains(text, autoescape=True)] if is_long else ()),
    )


def _is(
    database: Database, connection: Connection, shown: Shown, now: datetime
) -> ColumnElement[bool]:
    if shown == "active":
        return application.c.disabled_at.is_(None)
    if shown == "disabled":
        return application.c.disabled_at.is_not(None)
    if shown == "unused":
        return application.c.last_used_at.is_(None)
    return exists().where(
        secret.c.application_id == application.c.id,
        secret.c.expires_at > now,
        secret.c.expires_at < now + EXPIRES_SOON,
        ~is_replaced(database, connection, now),
    )
