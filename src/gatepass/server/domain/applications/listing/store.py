"""Reads the list of an organization's applications: searched, filtered, sorted, in pages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select

from gatepass.server.domain.applications.keys.methods.expiry.sources.store import (
    CERTIFICATES,
    KEYS,
    SECRETS,
)
from gatepass.server.domain.applications.keys.methods.expiry.store import Source
from gatepass.server.domain.applications.listing.model import (
    PAGE,
    Found,
    Listed,
    ListPage,
    Order,
    Shown,
    Sought,
    Wanted,
    pages,
)
from gatepass.server.domain.applications.store import application, secret
from gatepass.server.storage.database import Database
from gatepass.server.storage.statements import has_text

EXPIRES_SOON = timedelta(days=90)
_SHORTEST_ID = 4  # characters of a client id: fewer are in most of them

_KEYS: dict[Order, ColumnElement[Any]] = {
    "created": application.c.created_at,
    "name": func.lower(application.c.name),
    "used": application.c.last_used_at,
}


def find_page(
    database: Database, connection: Connection, org_id: UUID, wanted: Wanted, now: datetime
) -> ListPage:
    """Return the page that is wanted; the last one where there are not so many."""
    conditions = [application.c.org_id == org_id]
    if wanted.text:
        conditions.append(_has(wanted.text))
    if wanted.shown:
        conditions.append(_is(database, connection, org_id, wanted.shown, now))
    if wanted.page <= 1 and len(conditions) > 1:
        return _first_page(connection, conditions, wanted.order)
    counted = select(func.count()).select_from(application).where(*conditions)
    total: int = connection.execute(counted).scalar_one()
    number = min(max(wanted.page, 1), pages(total))
    start = (number - 1) * PAGE
    end = min(start + PAGE, total)
    # From the end that is nearer, as the database sorts all rows before the ones that it returns.
    backward = start > total // 2
    order = _order(wanted.order, _KEYS[wanted.order], application.c.id, backward=backward)
    ids = select(application.c.id).where(*conditions).order_by(*order).limit(end - start)
    found = _read(connection, ids.offset(total - end if backward else start), wanted.order)
    return ListPage(found, number, total)


def _first_page(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], order: Order
) -> ListPage:
    """Search once, for the page and the number of all."""
    every = select(application.c.id, _KEYS[order].label("key")).where(*conditions).cte("matching")
    every = every.prefix_with("MATERIALIZED")  # else SQLite searches for each use of it
    counted = select(func.count()).select_from(every).scalar_subquery()
    ids = select(every.c.id).order_by(*_order(order, every.c.key, every.c.id)).limit(PAGE)
    query = _select(counted.label("total")).where(application.c.id.in_(ids))
    rows = connection.execute(query.order_by(*_order(order, _KEYS[order], application.c.id))).all()
    return ListPage([Listed._make(row[:-1]) for row in rows], 1, rows[0].total if rows else 0)


def _read(connection: Connection, ids: Select[tuple[UUID]], order: Order) -> list[Listed]:
    """Read the applications of a page, whose ids alone were sorted, as whole rows are larger."""
    query = _select().where(application.c.id.in_(ids))
    ordered = query.order_by(*_order(order, _KEYS[order], application.c.id))
    return [Listed._make(row) for row in connection.execute(ordered)]


def _order(
    order: Order, key: ColumnElement[Any], app_id: ColumnElement[Any], *, backward: bool = False
) -> tuple[ColumnElement[Any], ...]:
    ascends = (order == "name") != backward
    if order == "used":
        key = key.asc().nulls_first() if ascends else key.desc().nulls_last()
        return key, app_id.asc() if ascends else app_id.desc()
    return (key.asc(), app_id.asc()) if ascends else (key.desc(), app_id.desc())


def search(connection: Connection, sought: Sought, after: UUID | None, limit: int) -> list[Found]:
    """Return applications that come after an id, in the order of their ids.

    That order needs no index of its own among a million, and does not change.
    """
    query = select(*(application.c[name] for name in Found._fields))
    if sought.org_id:
        query = query.where(application.c.org_id == sought.org_id)
    if sought.but_of:
        query = query.where(application.c.org_id != sought.but_of)
    if sought.text:
        query = query.where(_has(sought.text))
    if sought.state:
        is_disabled = application.c.disabled_at.is_not(None)
        query = query.where(is_disabled if sought.state == "disabled" else ~is_disabled)
    if after:
        query = query.where(application.c.id > after)
    ordered = query.order_by(application.c.id).limit(limit)
    return [Found._make(row) for row in connection.execute(ordered)]


def names(connection: Connection, org_id: UUID) -> list[tuple[UUID, str, str]]:
    """Return id, name and client id of each application of an organization."""
    columns = application.c.id, application.c.name, application.c.client_id
    query = select(*columns).where(application.c.org_id == org_id)
    return [(app_id, name, client_id) for app_id, name, client_id in connection.execute(query)]


def _select(*others: ColumnElement[Any]) -> Select[Any]:
    return select(*(application.c[name] for name in Listed._fields), *others)


def _has(text: str) -> ColumnElement[bool]:
    """Return the condition of a search."""
    is_long = len(text) >= _SHORTEST_ID
    return or_(
        has_text(application.c.name, text),
        *([application.c.client_id.contains(text, autoescape=True)] if is_long else ()),
    )


def _is(
    database: Database, connection: Connection, org_id: UUID, shown: Shown, now: datetime
) -> ColumnElement[bool]:
    if shown == "active":
        return application.c.disabled_at.is_(None)
    if shown == "disabled":
        return application.c.disabled_at.is_not(None)
    if shown == "unused":
        return application.c.last_used_at.is_(None)
    soon = (secret.c.expires_at > now) & (secret.c.expires_at < now + EXPIRES_SOON)
    is_last = ~SECRETS.is_replaced(database, connection, now)
    ending: ColumnElement[bool]
    if _has_more(connection, org_id, soon):
        ending = application.c.id.in_(select(secret.c.application_id).where(soon, is_last))
    else:
        ending = exists().where(secret.c.application_id == application.c.id, soon, is_last)
    others = (
        _has_ending(source, database, connection, now)
        for source in (KEYS, CERTIFICATES)
        if database.has(connection, source.revision)
    )
    return or_(ending, *others)


def _has_ending(
    source: Source, database: Database, connection: Connection, now: datetime
) -> ColumnElement[bool]:
    """Return the condition that an application has such a credential that ends soon."""
    return (
        exists()
        .select_from(source.rows)
        .where(
            source.credentials.c.application_id == application.c.id,
            source.is_expiring(database, connection, now, EXPIRES_SOON),
        )
    )


def _has_more(connection: Connection, org_id: UUID, secrets: ColumnElement[bool]) -> bool:
    """Return whether an organization has more applications than there are such secrets in all."""
    counted = select(func.count()).select_from(application).where(application.c.org_id == org_id)
    own: int = connection.execute(counted).scalar_one()
    some = select(secret.c.id).where(secrets).limit(own).subquery()
    ending: int = connection.execute(select(func.count()).select_from(some)).scalar_one()
    return own > ending
