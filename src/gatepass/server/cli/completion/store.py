"""What ids, and names that say which they are, begin as somebody has typed."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Select, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from gatepass.server.domain.applications.store import application
from gatepass.server.domain.changes.webhooks import store as webhooks
from gatepass.server.domain.changes.webhooks.endpoints.store import endpoint
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.store import organization
from gatepass.server.domain.users.operators import store as operators
from gatepass.server.domain.users.store import user
from gatepass.server.storage.database import Database

MOST = 50  # of one kind; a shell shows no more than fit its window


class Candidate(NamedTuple):
    """What can be typed, and what it stands for."""

    value: str
    help: str


def of_organizations(database: Database, connection: Connection, typed: str) -> list[Candidate]:
    """Return the ids of partners whose id or name begins as typed."""
    query = select(organization.c.id, organization.c.name)
    operating = organizations.find_operating(database, connection)
    if operating is not None:
        query = query.where(organization.c.id != operating)
    begins = or_(_uuid_begins(organization.c.id, typed), _begins(organization.c.name, typed))
    return _candidates(connection, query.where(begins).order_by(organization.c.name))


def of_applications(_: Database, connection: Connection, typed: str) -> list[Candidate]:
    """Return the client ids of applications whose client id or name begins as typed."""
    query = select(application.c.client_id, application.c.name)
    begins = or_(
        application.c.client_id.startswith(typed, autoescape=True),
        _begins(application.c.name, typed),
    )
    return _candidates(connection, query.where(begins).order_by(application.c.name))


def of_users(_: Database, connection: Connection, typed: str) -> list[Candidate]:
    """Return the usernames that begin as typed, with the organization."""
    query = select(user.c.username, organization.c.name).where(user.c.org_id == organization.c.id)
    begins = user.c.username.startswith(typed.lower(), autoescape=True)
    return _candidates(connection, query.where(begins).order_by(user.c.username))


def of_operators(database: Database, connection: Connection, typed: str) -> list[Candidate]:
    """Return the usernames of operators that begin as typed."""
    return [
        Candidate(each.user.username, each.user.full_name)
        for each in operators.list_all(database, connection)
        if each.user.username and each.user.username.startswith(typed.lower())
    ]


def of_webhooks(database: Database, connection: Connection, typed: str) -> list[Candidate]:
    """Return the ids of webhook endpoints that begin as typed, with the URL."""
    if not database.has(connection, webhooks.REVISION):
        return []
    query = select(endpoint.c.id, endpoint.c.url)
    begins = _uuid_begins(endpoint.c.id, typed)
    return _candidates(connection, query.where(begins).order_by(endpoint.c.url))


def _begins(column: ColumnElement[str], typed: str) -> ColumnElement[bool]:
    return func.lower(column).startswith(typed.lower(), autoescape=True)


def _uuid_begins(column: ColumnElement[UUID], typed: str) -> ColumnElement[bool]:
    """Return whether an id begins so, as a range, which is found by the index."""
    digits = typed.replace("-", "")
    try:
        first, last = (UUID(digits.ljust(32, filler)) for filler in "0f")
    except ValueError:
        return column.is_(None)  # no id begins so
    return and_(column >= first, column <= last)


def _candidates(connection: Connection, query: Select[Any]) -> list[Candidate]:
    return [Candidate(str(value), name) for value, name in connection.execute(query.limit(MOST))]
