"""The steps that operations on endpoints have in common, in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.changes.webhooks.endpoints import store
from gatepass.server.domain.changes.webhooks.model import Endpoint
from gatepass.server.domain.changes.webhooks.store import REVISION
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.webhooks.model import host_of
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

NO_TABLES = Message("Webhooks are not available before the operator has run `gatepass migrate`.")


@contextmanager
def changing(
    context: Context, endpoint_id: UUID, org_id: UUID | None
) -> Iterator[tuple[Connection, Endpoint, datetime]]:
    """Open a writing transaction on an endpoint, as it is now."""
    with context.database.write() as connection:
        check_available(context, connection)
        yield connection, owned(connection, endpoint_id, org_id), context.now()


def owned(connection: Connection, endpoint_id: UUID, org_id: UUID | None) -> Endpoint:
    """Return an endpoint of `org_id` (None: of any); raise NotFoundError for another."""
    found = store.find(connection, endpoint_id)
    if found is None or (org_id is not None and found.org_id != org_id):
        raise NotFoundError(str(endpoint_id))
    return found


def check_available(context: Context, connection: Connection) -> None:
    """Raise OAuthError (503) where the tables are those of the version before."""
    if not context.database.has(connection, REVISION):
        raise OAuthError("temporarily_unavailable", NO_TABLES, status=503)


def record(
    connection: Connection, by: Actor, now: datetime, target: Endpoint, action: str, **detail: str
) -> None:
    """Write the audit entry, in the transaction of the change itself; it names the host alone."""
    written = entry(
        by,
        now,
        action,
        host_of(target.url),
        org_id=target.org_id,
        endpoint=str(target.id),
        **detail,
    )
    audit.record(connection, written)
