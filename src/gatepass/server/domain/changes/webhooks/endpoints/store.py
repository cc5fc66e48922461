"""The table of endpoints: where events are sent, and who sends to them now."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    Uuid,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from gatepass.server.domain.changes.webhooks.model import Endpoint
from gatepass.server.storage.database import Timestamp, metadata

endpoint = Table(
    "webhook_endpoint",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Uuid, ForeignKey("organization.id", ondelete="CASCADE"), index=True),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("disabled_at", Timestamp),
    Column("disabled_because", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Timestamp),
    Column("succeeded_at", Timestamp),
    Column("previous_until", Timestamp),
    Column("secret", LargeBinary, nullable=False),
    Column("previous", LargeBinary),
    Column("rests_until", Timestamp),
    Column("leased_until", Timestamp),
)
COLUMNS = [
    each for each in endpoint.c if each not in {endpoint.c.rests_until, endpoint.c.leased_until}
]


def add(connection: Connection, new: Endpoint) -> None:
    """Add an endpoint."""
    values = {each.name: getattr(new, each.name) for each in COLUMNS}
    connection.execute(insert(endpoint).values(values | {"events": json.dumps(new.events)}))


def change(connection: Connection, endpoint_id: UUID, **values: object) -> None:
    """Set columns of an endpoint."""
    if "events" in values:
        values["events"] = json.dumps(values["events"])
    connection.execute(update(endpoint).where(endpoint.c.id == endpoint_id).values(values))


def remove(connection: Connection, endpoint_id: UUID) -> None:
    """Delete an endpoint with its deliveries."""
    connection.execute(delete(endpoint).where(endpoint.c.id == endpoint_id))


def find(connection: Connection, endpoint_id: UUID) -> Endpoint | None:
    """Return an endpoint."""
    found = connection.execute(select(*COLUMNS).where(endpoint.c.id == endpoint_id)).first()
    return read(found) if found else None


def of_owner(connection: Connection, org_id: UUID | None) -> list[Endpoint]:
    """Return the endpoints of an organization, or of the operator, oldest first."""
    query = select(*COLUMNS).where(_is_of(org_id)).order_by(endpoint.c.created_at, endpoint.c.id)
    return [read(row) for row in connection.execute(query)]


def every(connection: Connection) -> list[Endpoint]:
    """Return every endpoint, oldest first."""
    query = select(*COLUMNS).order_by(endpoint.c.created_at, endpoint.c.id)
    return [read(row) for row in connection.execute(query)]


def enabled_for(connection: Connection, org_id: UUID | None) -> list[tuple[UUID, tuple[str, ...]]]:
    """Return the enabled endpoints that an event of an organization may go to, and what they want.

    Those of the operator, and of the organization, if there is one.
    """
    whose: ColumnElement[bool] = endpoint.c.org_id.is_(None)
    if org_id is not None:
        whose = or_(whose, endpoint.c.org_id == org_id)
    query = select(endpoint.c.id, endpoint.c.events).where(whose, endpoint.c.disabled_at.is_(None))
    return [(found, tuple(json.loads(events))) for found, events in connection.execute(query)]


def any_wants(connection: Connection, name: str) -> bool:
    """Return whether an enabled endpoint wants events of this kind."""
    query = select(endpoint.c.events).where(endpoint.c.disabled_at.is_(None)).distinct()
    wanted = [json.loads(each) for each in connection.execute(query).scalars()]
    return any(not each or name in each for each in wanted)


def leased_owners(connection: Connection, now: datetime) -> list[UUID]:
    """Return the organization of each endpoint that somebody sends to now."""
    query = select(endpoint.c.org_id).where(
        endpoint.c.leased_until > now, endpoint.c.org_id.is_not(None)
    )
    return list(connection.execute(query).scalars())


def number_failing(connection: Connection) -> int:
    """Return how many enabled endpoints have failed at the last try."""
    failing = endpoint.c.failing_since.is_not(None) & endpoint.c.disabled_at.is_(None)
    number: int = connection.execute(select(func.count()).where(failing)).scalar_one()
    return number


def secrets(connection: Connection) -> list[tuple[UUID, bytes, bytes | None]]:
    """Return id and encrypted secrets of every endpoint."""
    query = select(endpoint.c.id, endpoint.c.secret, endpoint.c.previous)
    return [(each, secret, previous) for each, secret, previous in connection.execute(query)]


def _is_of(org_id: UUID | None) -> ColumnElement[bool]:
    return endpoint.c.org_id.is_(None) if org_id is None else endpoint.c.org_id == org_id


def read(row: Row[Any]) -> Endpoint:
    """Return the endpoint of a row of `COLUMNS`."""
    values = {each.name: getattr(row, each.name) for each in COLUMNS}
    return Endpoint(**values | {"events": tuple(json.loads(values["events"]))})
