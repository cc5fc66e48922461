"""The steps that operations on keys have in common, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications.keys import notices, store
from gatepass.server.domain.applications.keys.model import ApplicationKey, check_end, check_new
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets.end import in_words
from gatepass.server.domain.applications.transaction_steps import record_change
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError


def add_keys(  # noqa: PLR0913 - who, to what, and the keys
    context: Context,
    connection: Connection,
    by: Actor,
    application: Application,
    now: datetime,
    *,
    name: str,
    given: Sequence[ClientKey],
    expires_at: datetime | None = None,
    key_id: UUID | None = None,
) -> list[ApplicationKey]:
    """Add keys to an application, and remove those that have ended; raise OAuthError."""
    check_tables(context, connection)
    check_end(expires_at, now)
    keys = store.of_application(connection, application.id)
    if any(each.id == key_id for each in keys):
        raise OAuthError("invalid_request", Message("This is done already."), status=409)
    for each in keys:
        if not each.is_live(now):
            store.remove(connection, each.id)
    check_new([each for each in keys if each.is_live(now)], given)
    names = [f"{name} {number}" for number in range(1, len(given) + 1)]
    new = [
        ApplicationKey(key_id or uuid4(), label, key, now, by.name, expires_at)
        for label, key in zip(names if len(given) > 1 else [name], given, strict=True)
    ]
    store.add(connection, application.id, new)
    for added in new:
        record_change(
            connection,
            by,
            now,
            application,
            "client_key.added",
            key=added.name,
            kid=added.key.kid,
            end=in_words(expires_at),
        )
    notices.added(context, connection, by, application, new, now)
    return new


def check_tables(context: Context, connection: Connection) -> None:
    """Raise OAuthError where the tables of the version before have no place for keys."""
    if not context.database.has(connection, store.REVISION):
        raise OAuthError(
            "temporarily_unavailable",
            Message("Keys cannot be used yet: the operator has not migrated the database."),
        )
