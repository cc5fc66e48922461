"""People who log in to the portal: whose change needs a scope of its own, and their addresses.

A new address of such a person is kept as `pending_email` and counts after they, or an
administrator, confirm it. Until then the old one stays in force everywhere.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.users import mails, store
from gatepass.server.domain.users.model import InvalidField, User
from gatepass.server.domain.users.notices import store as notices
from gatepass.server.domain.users.transaction_steps import (
    check_email_is_free,
    find_in_organization,
    notify,
    record_audit,
)
from gatepass.server.storage.database import Connection
from gatepass.wire.errors import OAuthError

PROTECTED = ("email", "role", "username")

_NOTHING_PENDING = {"pending_email": None, "pending_email_at": None, "pending_email_by": None}
_HOW = (
    "This person logs in to the portal. It needs the scope portal_users, which an administrator "
    "of the organization grants to the application in the portal."
)


class PortalUserRefused(OAuthError):
    """A change to somebody who logs in to the portal, without the scope `portal_users`."""

    def __init__(self, *fields: str) -> None:
        super().__init__("insufficient_scope", _HOW, log_detail="the token lacks portal_users")
        self.fields = fields


def check_unprotected(found: User, wanted: User) -> None:
    """Raise PortalUserRefused where what identifies a portal user or their rights would change."""
    changed = [name for name in PROTECTED if getattr(found, name) != getattr(wanted, name)]
    if found.has_portal_access and changed:
        raise PortalUserRefused(*changed)


def check_deletable(found: User) -> None:
    """Raise PortalUserRefused for somebody who logs in to the portal."""
    if found.has_portal_access:
        raise PortalUserRefused("user_id")


def with_pending_email(found: User, wanted: User, by: Actor, now: datetime) -> User:
    """Return `wanted`, with a portal user's new address pending and the old one in force.

    Raises InvalidField where the address of a portal user would be removed.
    """
    if not found.has_portal_access or wanted.email == found.email:
        return wanted
    if wanted.email is None:
        raise InvalidField("email", "Somebody who logs in to the portal keeps an address.")
    if wanted.email == found.pending_email:
        return replace(wanted, email=found.email)
    return replace(
        wanted,
        email=found.email,
        pending_email=wanted.email,
        pending_email_at=now,
        pending_email_by=by.description,
    )


def record_pending_email(
    context: Context, connection: Connection, by: Actor, now: datetime, found: User, changed: User
) -> None:
    """Write the audit entry and the notice of a new pending address, if there is one."""
    email = changed.pending_email
    if email and email != found.pending_email:
        record_audit(connection, by, now, found, "person.email_requested", email=email)
        notices.remove_kind(connection, found.id, "email_requested")
        notify(context, connection, by, now, found, "email_requested", email)


def confirm_email(context: Context, by: Actor, org_id: UUID, user_id: UUID, email: str) -> None:
    """Put the pending address in force; `email` is the one that the confirming person saw.

    Raises InvalidField (409) where another one is pending by now, or somebody has it. Does NOT
    check who confirms: the person themselves, or an administrator who has given their password.
    """
    with context.database.write() as connection:
        now = context.now()
        found = _pending(connection, org_id, user_id, email)
        check_email_is_free(connection, replace(found, email=email))
        changed = {"email": email, "updated_at": now, **_NOTHING_PENDING}
        store.change(connection, user_id, changed)
        record_audit(connection, by, now, found, "person.email_confirmed", email=email)
        notices.remove_kind(connection, user_id, "email_requested")
        notify(context, connection, by, now, found, "email_confirmed", email)
        new = replace(found, email=email)
        by_whom = by.description
        mails.tell(context, connection, new, "email_confirmed", now, by=by_whom, detail=email)


def reject_email(context: Context, by: Actor, org_id: UUID, user_id: UUID, email: str) -> None:
    """Forget the pending address; raise InvalidField (409) where another one is pending by now."""
    with context.database.write() as connection:
        now = context.now()
        found = _pending(connection, org_id, user_id, email)
        store.change(connection, user_id, {"updated_at": now, **_NOTHING_PENDING})
        record_audit(connection, by, now, found, "person.email_rejected", email=email)
        notices.remove_kind(connection, user_id, "email_requested")
        notify(context, connection, by, now, found, "email_rejected", email)


def _pending(connection: Connection, org_id: UUID, user_id: UUID, email: str) -> User:
    found = find_in_organization(connection, org_id, user_id)
    if not email or found.pending_email != email:
        raise InvalidField("email", "No such address is pending any more. Look again.", taken=True)
    return found
