"""What is done with endpoints: each in one transaction with its audit entry.

`org_id` is the organization whose endpoint it must be; None: the operator asks, for any.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.changes.webhooks import store as deliveries_store
from gatepass.server.domain.changes.webhooks.endpoints import store
from gatepass.server.domain.changes.webhooks.model import (
    LONGEST_OVERLAP,
    MOST_ENDPOINTS,
    OVERLAP,
    DisabledBecause,
    Endpoint,
    secret_text,
)
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.webhooks.model import (
    InvalidEndpoint,
    check_description,
    check_events,
    check_url,
    host_of,
)
from gatepass.server.domain.organizations.webhooks.transaction_steps import (
    changing,
    check_available,
    owned,
    record,
)
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

SYSTEM = Actor("system")


class Added(NamedTuple):
    """An endpoint, and the one sight of its signing secret."""

    endpoint: Endpoint
    secret: Secret


class DoneAlreadyError(OAuthError):
    """What a form asks for is done: it was sent twice."""

    def __init__(self) -> None:
        super().__init__("invalid_request", Message("This is done already."), status=409)


Also = Callable[[Connection, Added], None]


def nothing_else(_connection: Connection, _made: Added) -> None:
    """Do nothing besides."""


class Once(NamedTuple):
    """The id that a new endpoint has, and what is done besides in the same transaction."""

    endpoint_id: UUID
    also: Also = nothing_else


def is_available(context: Context) -> bool:
    """Return whether the tables are there."""
    with context.database.read() as connection:
        return context.database.has(connection, deliveries_store.REVISION)


def add(
    context: Context,
    by: Actor,
    org_id: UUID | None,
    url: str,
    events: Iterable[str] = (),
    description: str = "",
    once: Once | None = None,
) -> Added:
    """Add an endpoint of an organization, or of the operator without one.

    Without `events` it gets all, also those of later versions. Raises InvalidEndpoint for a value
    that it cannot have, OAuthError where there are too many, NotFoundError without the
    organization. With `once`, doing it twice makes one: the second is DoneAlreadyError.
    """
    now = context.now()
    key, stored = context.webhooks.new_key()
    new = Endpoint(
        id=once.endpoint_id if once else uuid4(),
        org_id=org_id,
        url=check_url(url, context.webhooks.allowed.of(org_id)),
        events=check_events(events, of_organization=org_id is not None),
        description=check_description(description),
        created_at=now,
        created_by=by.name,
        secret=stored,
    )
    with context.database.write() as connection:
        check_available(context, connection)
        if org_id and organizations.find(connection, org_id) is None:
            raise NotFoundError(str(org_id))
        if store.find(connection, new.id):
            raise DoneAlreadyError
        if len(store.of_owner(connection, org_id)) >= MOST_ENDPOINTS:
            raise OAuthError(
                "invalid_request",
                Message(
                    "There are {most} endpoints already. Remove one first.", most=MOST_ENDPOINTS
                ),
                status=409,
            )
        store.add(connection, new)
        record(connection, by, now, new, "webhook.added", events=_events_in_words(new))
        added = Added(new, secret_text(key))
        if once:
            once.also(connection, added)
    return added


def change(
    context: Context,
    by: Actor,
    endpoint_id: UUID,
    org_id: UUID | None,
    *,
    url: str | None = None,
    events: Iterable[str] | None = None,
    description: str | None = None,
) -> Endpoint:
    """Change what is given of an endpoint; what waits is sent to the new address."""
    with changing(context, endpoint_id, org_id) as (connection, found, now):
        values: dict[str, object] = {}
        if url is not None:
            values["url"] = check_url(url, context.webhooks.allowed.of(found.org_id))
        if events is not None:
            values["events"] = check_events(events, of_organization=found.org_id is not None)
        if description is not None:
            values["description"] = check_description(description)
        changed = {name: each for name, each in values.items() if getattr(found, name) != each}
        if not changed:
            return found
        store.change(connection, found.id, **changed)
        after = owned(connection, endpoint_id, org_id)
        fields = {"fields": ", ".join(sorted(changed))}
        before = {"before": host_of(found.url)} if "url" in changed else {}
        record(connection, by, now, after, "webhook.changed", **fields, **before)
    return after


def rotate_secret(
    context: Context,
    by: Actor,
    endpoint_id: UUID,
    org_id: UUID | None,
    overlap: timedelta = OVERLAP,
    *,
    version: str = "",
    also: Also = nothing_else,
) -> Secret:
    """Return a new signing secret; the old one signs along for the overlap, then no more.

    With the `version` of the secret that the caller has seen, doing it twice makes one: the second
    is DoneAlreadyError. `also` is done in the same transaction.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        most = LONGEST_OVERLAP.days
        raise InvalidEndpoint("overlap", Message("The overlap is {most} days at most.", most=most))
    key, stored = context.webhooks.new_key()
    with changing(context, endpoint_id, org_id) as (connection, found, now):
        if version and version != found.secret_version:
            raise DoneAlreadyError
        has_overlap = overlap > timedelta()
        store.change(
            connection,
            found.id,
            secret=stored,
            previous=found.secret if has_overlap else None,
            previous_until=now + overlap if has_overlap else None,
        )
        until = f"{now + overlap:%Y-%m-%d %H:%M} UTC" if has_overlap else "now"
        record(connection, by, now, found, "webhook.secret_rotated", old_secret_until=until)
        made = Added(found, secret_text(key))
        also(connection, made)
    return made.secret


def set_enabled(
    context: Context, by: Actor, endpoint_id: UUID, org_id: UUID | None, *, enabled: bool
) -> None:
    """Disable an endpoint, or enable it: what waits is then sent, what happened between is not."""
    with changing(context, endpoint_id, org_id) as (connection, found, now):
        if enabled != (found.disabled_at is not None):
            return
        if enabled:
            afresh = {"failures": 0, "failing_since": None, "rests_until": None}
            store.change(connection, found.id, disabled_at=None, disabled_because="", **afresh)
            record(connection, by, now, found, "webhook.enabled")
        else:
            store.change(connection, found.id, disabled_at=now, disabled_because="person")
            record(connection, by, now, found, "webhook.disabled")


def disable_failed(
    connection: Connection, target: Endpoint, because: DisabledBecause, now: datetime
) -> None:
    """Disable an endpoint whose receiver wants nothing, or fails, in the caller's transaction."""
    store.change(connection, target.id, disabled_at=now, disabled_because=because)
    record(connection, SYSTEM, now, target, "webhook.disabled", reason=because)


def remove(context: Context, by: Actor, endpoint_id: UUID, org_id: UUID | None) -> None:
    """Remove an endpoint with its deliveries; what waits is not sent."""
    with changing(context, endpoint_id, org_id) as (connection, found, now):
        store.remove(connection, found.id)
        record(connection, by, now, found, "webhook.removed")


def find(context: Context, endpoint_id: UUID, org_id: UUID | None) -> Endpoint:
    """Return an endpoint; raise NotFoundError where there is none that may be seen."""
    with context.database.read() as connection:
        check_available(context, connection)
        return owned(connection, endpoint_id, org_id)


def of_owner(context: Context, org_id: UUID | None) -> list[Endpoint]:
    """Return the endpoints of an organization, or of the operator, oldest first."""
    with context.database.read() as connection:
        if not context.database.has(connection, deliveries_store.REVISION):
            return []
        return store.of_owner(connection, org_id)


def every(context: Context) -> list[Endpoint]:
    """Return every endpoint, oldest first."""
    with context.database.read() as connection:
        if not context.database.has(connection, deliveries_store.REVISION):
            return []
        return store.every(connection)


def _events_in_words(target: Endpoint) -> str:
    return ", ".join(target.events) or "all"
