"""The tables of events, of their deliveries, and of the numbers that deliveries have."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
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

from gatepass.server.domain.changes.webhooks.endpoints.store import COLUMNS, endpoint, read
from gatepass.server.domain.changes.webhooks.model import KEPT, Delivery, Endpoint, Event, State
from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Counter, Timestamp, metadata

REVISION = "0029"
"""The revision since which the tables are there."""

event = Table(
    "webhook_event",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", Timestamp, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("org_id", Uuid),
    Column("client_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("data", Text, nullable=False),
)


def _of(table: str) -> ForeignKey:
    return ForeignKey(f"{table}.id", ondelete="CASCADE")


delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("endpoint_id", Uuid, _of("webhook_endpoint"), nullable=False),
    Column("event_id", Uuid, _of("webhook_event"), nullable=False, index=True),
    Column("sequence", Counter, nullable=False),
    Column("give_up_at", Timestamp, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Timestamp, index=True),
    Column("tried_at", Timestamp),
    Column("delivered_at", Timestamp),
    Column("failed_at", Timestamp),
    Column("status", Integer),
    Column("milliseconds", Integer),
    Column("error", Text, nullable=False),
    Index("ix_webhook_delivery_endpoint_id_due_at", "endpoint_id", "due_at"),
    sqlite_autoincrement=True,
)

sequence = Table(
    "webhook_sequence",
    metadata,
    Column("endpoint_id", Uuid, _of("webhook_endpoint"), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("number", Counter, nullable=False),
)

_IN_STATE: dict[State, ColumnElement[bool]] = {
    "waiting": delivery.c.due_at.is_not(None),
    "delivered": delivery.c.delivered_at.is_not(None),
    "failed": delivery.c.failed_at.is_not(None),
}


def add_event(connection: Connection, new: Event) -> None:
    """Add an event."""
    connection.execute(insert(event).values(new._asdict() | {"data": json.dumps(new.data)}))


def add_delivery(
    connection: Connection, endpoint_id: UUID, about: Event, now: datetime, give_up_at: datetime
) -> int:
    """Add a delivery that is to be sent at once, with the next number; return its id.

    Writers stand in line and a rollback takes the number back, so there are no gaps.
    """
    own = (sequence.c.endpoint_id == endpoint_id) & (sequence.c.subject == about.subject)
    raised = update(sequence).where(own).values(number=sequence.c.number + 1)
    number = connection.execute(raised.returning(sequence.c.number)).scalar()
    if number is None:
        number = 1
        first = {"endpoint_id": endpoint_id, "subject": about.subject, "number": number}
        connection.execute(insert(sequence).values(first))
    new = {
        "endpoint_id": endpoint_id,
        "event_id": about.id,
        "sequence": number,
        "give_up_at": give_up_at,
        "attempts": 0,
        "due_at": now,
        "error": "",
    }
    added: int = connection.execute(
        insert(delivery).values(new).returning(delivery.c.id)
    ).scalar_one()
    return added


def end_sequences(connection: Connection, subject: str) -> None:
    """Forget the numbers of what no event will be about any more."""
    connection.execute(delete(sequence).where(sequence.c.subject == subject))


def is_any_due(connection: Connection, now: datetime) -> bool:
    """Return whether a delivery should be tried now, its endpoint aside."""
    due = select(delivery.c.id).where(delivery.c.due_at <= now).limit(1)
    return connection.execute(due).first() is not None


def ready(connection: Connection, now: datetime) -> list[Endpoint]:
    """Return enabled endpoints with deliveries that are due, which nobody sends to now.

    The one that was sent to longest ago is the first.
    """
    has_due = (
        select(delivery.c.id)
        .where(delivery.c.endpoint_id == endpoint.c.id, delivery.c.due_at <= now)
        .exists()
    )
    query = (
        select(*COLUMNS)
        .where(
            endpoint.c.disabled_at.is_(None),
            or_(endpoint.c.rests_until.is_(None), endpoint.c.rests_until <= now),
            or_(endpoint.c.leased_until.is_(None), endpoint.c.leased_until <= now),
            has_due,
        )
        .order_by(func.coalesce(endpoint.c.leased_until, 0), endpoint.c.id)
        .limit(200)
    )
    return [read(row) for row in connection.execute(query)]


def due(connection: Connection, endpoint_id: UUID, now: datetime, limit: int) -> list[Delivery]:
    """Return an endpoint's deliveries that are due, in the order of their numbers."""
    query = _deliveries().where(delivery.c.endpoint_id == endpoint_id, delivery.c.due_at <= now)
    return [
        _delivery(row) for row in connection.execute(query.order_by(delivery.c.id).limit(limit))
    ]


def change_delivery(connection: Connection, delivery_id: int, **values: object) -> bool:
    """Set columns of a delivery; return whether it is still there."""
    query = update(delivery).where(delivery.c.id == delivery_id).values(values)
    return bool(connection.execute(query).rowcount)


def find_deliveries(connection: Connection, ids: Iterable[int]) -> list[Delivery]:
    """Return the deliveries of these ids that are there."""
    query = _deliveries().where(delivery.c.id.in_(list(ids))).order_by(delivery.c.id)
    return [_delivery(row) for row in connection.execute(query)]


def newest(
    connection: Connection,
    endpoint_id: UUID,
    state: State | None,
    limit: int,
    before: int | None = None,
) -> list[Delivery]:
    """Return an endpoint's newest deliveries, those in one state or all, older than `before`."""
    query = _deliveries().where(delivery.c.endpoint_id == endpoint_id)
    if before is not None:
        query = query.where(delivery.c.id < before)
    if state:
        query = query.where(_IN_STATE[state])
    ordered = query.order_by(delivery.c.id.desc()).limit(limit)
    return [_delivery(row) for row in connection.execute(ordered)]


def number_waiting(connection: Connection) -> int:
    """Return how many deliveries wait."""
    waiting = select(func.count()).where(delivery.c.due_at.is_not(None))
    number: int = connection.execute(waiting).scalar_one()
    return number


def prune(connection: Connection, now: datetime, limit: int = FORGOTTEN_AT_ONCE) -> int:
    """Forget events of long ago with their deliveries, `limit` at most; return how many."""
    old = select(event.c.id).where(event.c.at < now - KEPT).limit(limit)
    return connection.execute(delete(event).where(event.c.id.in_(old))).rowcount


def _deliveries() -> Select[Any]:
    return select(delivery, *(each.label(f"of_{each.name}") for each in event.c)).join_from(
        delivery, event
    )


def _delivery(row: Row[Any]) -> Delivery:
    about = Event(
        row.of_id,
        row.of_at,
        row.of_name,
        row.of_org_id,
        row.of_client_id,
        row.of_subject,
        json.loads(row.of_data),
    )
    values = {each.name: getattr(row, each.name) for each in delivery.c if each.name != "event_id"}
    return Delivery(event=about, **values)


def failed(connection: Connection, endpoint_id: UUID) -> list[int]:
    """Return the ids of an endpoint's deliveries that have failed, oldest first."""
    query = select(delivery.c.id).where(
        delivery.c.endpoint_id == endpoint_id, delivery.c.failed_at.is_not(None)
    )
    return list(connection.execute(query.order_by(delivery.c.id)).scalars())


def send_again(
    connection: Connection, ids: Sequence[int], now: datetime, give_up_at: datetime
) -> None:
    """Let deliveries be tried now, as if they were new; what came of them is forgotten."""
    again = {
        "due_at": now,
        "delivered_at": None,
        "failed_at": None,
        "attempts": 0,
        "give_up_at": give_up_at,
    }
    for at in range(0, len(ids), 500):
        some = delivery.c.id.in_(ids[at : at + 500])
        connection.execute(update(delivery).where(some).values(again))


def fail_waiting(connection: Connection, now: datetime, error: str) -> None:
    """Note that nothing that waits will be sent, unless somebody says so."""
    ended = {"failed_at": now, "due_at": None, "error": error}
    connection.execute(update(delivery).where(delivery.c.due_at.is_not(None)).values(ended))
