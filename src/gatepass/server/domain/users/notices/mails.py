"""Mail that tells people what happened to their account (ASVS 6.3.5, 6.3.7)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.users import store
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.notices.languages import operations as languages
from gatepass.server.storage.database import Connection

Kind = Literal[
    "password_changed",
    "password_reset",
    "role_changed",
    "email_requested",
    "email_confirmed",
    "email_rejected",
    "new_browser",
    "new_administrator",
    "factor_added",
    "factor_removed",
    "factors_reset",
    "recovery_codes_made",
    "recovery_code_used",
    "passkey_copied",
    "policy_changed",
    "single_sign_on_changed",
    "single_sign_on_connected",
    "single_sign_on_disconnected",
    "secrets_expiring",
    "secret_leak_reported",
    "secret_rotated",
    "secret_leaked",
    "key_added",
    "key_revoked",
    "keys_expiring",
    "certificate_added",
    "certificate_removed",
    "certificates_expiring",
    "webhook_disabled",
]


def tell(
    context: Context,
    connection: Connection,
    whose: User,
    kind: Kind,
    now: datetime,
    /,
    **values: str,
) -> None:
    """Add a mail to somebody who logs in to the portal, in the transaction of the change."""
    if whose.has_portal_access and whose.disabled_at is None:
        reads = languages.of_mail(context, connection, whose.id)
        said = {**about(whose, now), languages.LANGUAGE: reads, **values}
        context.outbox.add_mail(connection, whose.email, kind, said, now)


def about(whose: User, now: datetime) -> dict[str, str]:
    """Return what every mail about an account says of it."""
    return {"username": whose.username or "", "at": f"{now:%Y-%m-%d %H:%M} UTC"}


def tell_administrators(
    context: Context,
    connection: Connection,
    org_id: UUID,
    kind: Kind,
    now: datetime,
    /,
    **values: str,
) -> None:
    """Add a mail to each administrator of an organization, as `tell` does."""
    for each in store.of_organization(connection, org_id, where={"role": "admin"}):
        tell(context, connection, each, kind, now, **values)


def tell_of_new_administrator(
    context: Context, connection: Connection, by: Actor, new: User, now: datetime
) -> None:
    """Tell the organization's other administrators that somebody has become one."""
    for each in store.of_organization(connection, new.org_id, where={"role": "admin"}):
        # An application may have the name of a person.
        made_it = by.kind == "person" and each.username == by.name
        if each.id != new.id and not made_it:
            who = new.username or new.email or str(new.id)
            tell(context, connection, each, "new_administrator", now, who=who, by=by.description)
