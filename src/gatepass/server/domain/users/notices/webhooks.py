"""Who is informed that an endpoint of webhooks was disabled: its owner."""

from datetime import datetime

from gatepass.server.domain.changes.webhooks.model import DisabledBecause, Endpoint
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.webhooks.model import host_of
from gatepass.server.domain.users.notices import mails
from gatepass.server.storage.database import Connection

KIND = "webhook_disabled"
"""The kind of mail that both get."""


def tell_of_disabled(
    context: Context,
    connection: Connection,
    target: Endpoint,
    because: DisabledBecause,
    now: datetime,
) -> None:
    """Add a mail to the organization's administrators, or to the operator, in the transaction."""
    said = {"host": host_of(target.url), "description": target.description, "because": because}
    if target.org_id is None:
        said["at"] = f"{now:%Y-%m-%d %H:%M} UTC"
        context.outbox.add_alert(connection, KIND, {"username": "", **said}, now)
        return
    mails.tell_administrators(context, connection, target.org_id, "webhook_disabled", now, **said)
