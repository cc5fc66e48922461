"""People who log in to the portal: whose change needs a scope of its own, and their addresses.

A new address of such a person is kept as `pending_email` and counts after it was confirmed: by a
link that is mailed to it, and where no mail is sent by the person or an administrator. Until then
the old one stays in force everywhere.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import of_confirmation
from gatepass.server.domain.users import store
from gatepass.server.domain.users.links import confirmation_mail, recovery
from gatepass.server.domain.users.links import store as links
from gatepass.server.domain.users.links.model import InvalidLink
from gatepass.server.domain.users.model import InvalidField, User
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.notices import store as notices
from gatepass.server.domain.users.transaction_steps import (
    check_email_is_free,
    find_in_organization,
    notify,
    record_audit,
)
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

PROTECTED = ("email", "role", "username")

_NOTHING_PENDING = {"pending_email": None, "pending_email_at": None, "pending_email_by": None}
_HOW = Message(
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
        raise InvalidField("email", Message("Somebody who logs in to the portal keeps an address."))
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
        confirmation_mail.send(context, connection, found, email, now)


def send_link(context: Context, by: Actor, org_id: UUID, user_id: UUID) -> str:
    """Mail the link that confirms the pending address, or else the one in force; return which.

    Raises InvalidField where there is nothing to confirm or no mail is sent, and OAuthError (429)
    after too many mails.
    """
    if not context.outbox.sends_mail:
        raise InvalidField("email", Message("This server sends no mail."), taken=True)
    with context.database.write() as connection:
        now = context.now()
        found = find_in_organization(connection, org_id, user_id)
        email = found.pending_email or found.email
        if email is None or (email == found.email and links.is_confirmed(connection, found)):
            raise InvalidField("email", Message("There is no address to confirm."), taken=True)
        wait = limits.attempt(connection, [of_confirmation(user_id.hex)], now)
        if wait:
            raise OAuthError(
                "temporarily_unavailable",
                Message(
                    "Too many links were sent. Look for the last one, or try again in {wait} "
                    "seconds.",
                    wait=wait,
                ),
                log_detail="throttled",
                status=429,
                retry_after=wait,
            )
        confirmation_mail.send(context, connection, found, email, now)
        record_audit(connection, by, now, found, "person.email_link_sent", email=email)
    return email


def find_link(context: Context, user_id: UUID, token: Secret) -> str:
    """Return the address that a link of this person confirms; raise InvalidLink for any other."""
    if not context.outbox.sends_mail:
        raise InvalidLink
    with context.database.read() as connection:
        link = links.find(connection, "email", token, context.now())
        found = store.find(connection, user_id)
    if link is None or found is None or link.user_id != user_id:
        raise InvalidLink
    if link.address not in {found.email, found.pending_email}:
        raise InvalidLink
    return link.address


def confirm_by_link(context: Context, by: Actor, org_id: UUID, user_id: UUID, token: Secret) -> str:
    """Confirm the address that the person's link was mailed to, and put it in force; return it.

    Raises InvalidLink for a link that is not theirs, or of an address that they gave up, and
    InvalidField where somebody else has the address by now; then the link stays.
    """
    find_link(context, user_id, token)
    with context.database.write() as connection:
        now = context.now()
        found = find_in_organization(connection, org_id, user_id)
        link = links.take(connection, "email", token, now)
        if link is None or link.user_id != user_id:
            raise InvalidLink
        if link.address == found.pending_email:
            _put_in_force(context, connection, by, now, found)
        elif link.address == found.email:
            record_audit(connection, by, now, found, "person.email_confirmed", email=link.address)
        else:
            raise InvalidLink
        links.record_confirmed(connection, user_id, link.address, now)
    return link.address


def is_confirmed(context: Context, user: User) -> bool | None:
    """Return whether a person's address was confirmed by a link; None where no mail is sent."""
    if not context.outbox.sends_mail:
        return None
    with context.database.read() as connection:
        return links.is_confirmed(connection, user)


def confirmed(context: Context, found: Sequence[User]) -> set[UUID] | None:
    """Return whose addresses were confirmed by a link; None where no mail is sent."""
    if not context.outbox.sends_mail:
        return None
    with context.database.read() as connection:
        return links.confirmed(connection, found)


def confirm_email(context: Context, by: Actor, org_id: UUID, user_id: UUID, email: str) -> None:
    """Put the pending address in force where no mail is sent; `email` is the one that they saw.

    Raises InvalidField (409) where another one is pending by now, or somebody has it, or a link
    was mailed to it. Does NOT check who confirms: the person themselves, or an administrator who
    has given their password.
    """
    if context.outbox.sends_mail:
        raise InvalidField(
            "email", Message("Open the link that was mailed to this address."), taken=True
        )
    with context.database.write() as connection:
        now = context.now()
        found = _pending(connection, org_id, user_id, email)
        _put_in_force(context, connection, by, now, found)


def reject_email(context: Context, by: Actor, org_id: UUID, user_id: UUID, email: str) -> None:
    """Forget the pending address; raise InvalidField (409) where another one is pending by now."""
    with context.database.write() as connection:
        now = context.now()
        found = _pending(connection, org_id, user_id, email)
        store.change(connection, user_id, {"updated_at": now, **_NOTHING_PENDING})
        if context.outbox.sends_mail:
            links.remove_of_user(connection, "email", user_id)
        record_audit(connection, by, now, found, "person.email_rejected", email=email)
        notices.remove_kind(connection, user_id, "email_requested")
        notify(context, connection, by, now, found, "email_rejected", email)


def _put_in_force(
    context: Context, connection: Connection, by: Actor, now: datetime, found: User
) -> None:
    """Make the pending address the address, and tell its owner at both."""
    email = found.pending_email or ""
    new = replace(found, email=email)
    check_email_is_free(connection, new)
    changed = {"email": email, "updated_at": now}
    store.change(connection, found.id, {**changed, **_NOTHING_PENDING})
    recovery.end(context, connection, found.id)
    record_audit(connection, by, now, found, "person.email_confirmed", email=email)
    notices.remove_kind(connection, found.id, "email_requested")
    notify(context, connection, by, now, found, "email_confirmed", email)
    said = {"by": by.description, "detail": email}
    mails.tell(context, connection, new, "email_confirmed", now, **said)


def _pending(connection: Connection, org_id: UUID, user_id: UUID, email: str) -> User:
    found = find_in_organization(connection, org_id, user_id)
    if not email or found.pending_email != email:
        raise InvalidField(
            "email", Message("No such address is pending any more. Look again."), taken=True
        )
    return found
