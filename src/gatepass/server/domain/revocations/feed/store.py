"""The queries of the revocation feed over the tables of applications, organizations and tokens."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    func,
    select,
    type_coerce,
)

from gatepass.server.domain.applications.store import application, has_revoked_tokens
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes.tombstones import deletion
from gatepass.server.domain.organizations.store import is_suspended, organization
from gatepass.server.domain.revocations.feed.model import ALL, revoked_before
from gatepass.server.domain.revocations.store import revocation

_AT_A_TIME = 1000  # names in one query

Name = TypeVar("Name")
Revocation = tuple[bytes, int]
"""A token id, and the Unix second in which the token expires."""

_revocations = select(revocation.c.token_id, type_coerce(revocation.c.expires_at, BigInteger))


def revoked_applications(
    connection: Connection, since: datetime, after: str, limit: int
) -> list[str]:
    """Return the client ids of applications that were disabled or voided since a moment."""
    recent = (application.c.disabled_at > since) | (application.c.tokens_revoked_before > since)
    return _client_ids(
        connection, select(application.c.client_id).where(has_revoked_tokens, recent), after, limit
    )


def suspended_applications(
    connection: Connection, since: datetime, after: str, limit: int
) -> list[str]:
    """Return the client ids of organizations that were suspended since a moment."""
    name = func.coalesce(application.c.client_id, "")  # or all client ids would be gone through
    bad = select(organization.c.id).where(is_suspended, organization.c.suspended_at > since)
    query = select(application.c.client_id).where(application.c.org_id.in_(bad), name > after)
    page = query.order_by(name).limit(limit)
    return [row.client_id for row in connection.execute(page)]


def of_organization(connection: Connection, org_id: UUID, after: str, limit: int) -> list[str]:
    """Return the client ids of an organization."""
    query = select(application.c.client_id).where(application.c.org_id == org_id)
    return _client_ids(connection, query, after, limit)


def client_ids(connection: Connection, app_ids: Iterable[UUID]) -> list[str]:
    """Return the client ids of those applications that there are."""
    return [
        row.client_id
        for batch in _batches(app_ids)
        for row in connection.execute(
            select(application.c.client_id).where(application.c.id.in_(batch))
        )
    ]


def revocation_states(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return until when the tokens of each client id are revoked (see `revoked_before`)."""
    found: dict[str, int] = {}
    for batch in _batches(names):
        found |= dict.fromkeys(batch, ALL)  # unless there is an application
        former = _deleted_of(connection, batch)
        query = (
            select(
                application.c.client_id,
                application.c.created_at,
                application.c.disabled_at,
                application.c.tokens_revoked_before,
                organization.c.suspended_at,
            )
            .join_from(application, organization)
            .where(application.c.client_id.in_(batch))
        )
        for name, *times in connection.execute(query):
            found[name] = revoked_before(*times, is_second=name in former)
    return found


def tokens(connection: Connection, after: bytes, limit: int) -> list[Revocation]:
    """Return revoked token ids behind `after` in their order, expired ones included."""
    # Only by the id, so that no planner takes the index of the expiry and sorts a million.
    query = _revocations.where(revocation.c.token_id > after)
    page = query.order_by(revocation.c.token_id).limit(limit)
    return [(token_id, at // 1000) for token_id, at in connection.execute(page)]


def expiries(connection: Connection, token_ids: Iterable[bytes]) -> list[Revocation]:
    """Return those of the token ids that are revoked."""
    return [
        (token_id, at // 1000)
        for batch in _batches(token_ids)
        for token_id, at in connection.execute(_revocations.where(revocation.c.token_id.in_(batch)))
    ]


def _client_ids(
    connection: Connection, query: Select[tuple[str]], after: str, limit: int
) -> list[str]:
    """Return a page of a query's client ids, in their order."""
    name = application.c.client_id
    page = query.where(name > after).order_by(name).limit(limit)
    return [row.client_id for row in connection.execute(page)]


def _deleted_of(connection: Connection, names: Sequence[str]) -> set[str]:
    of_kind = (deletion.c.kind == changes.CLIENT_GONE) & deletion.c.name.in_(names)
    return {row.name for row in connection.execute(select(deletion.c.name).where(of_kind))}


def _batches(names: Iterable[Name]) -> Iterator[list[Name]]:
    remaining = iter(names)
    while batch := list(islice(remaining, _AT_A_TIME)):
        yield batch
