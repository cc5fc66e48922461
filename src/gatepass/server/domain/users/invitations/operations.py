"""Operations on invitations: each in one transaction with its audit entry and its mail."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import of_invitation
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.invitations import store
from gatepass.server.domain.users.invitations.model import Invitation
from gatepass.server.domain.users.links import store as links
from gatepass.server.domain.users.links.model import LIFETIMES, InvalidLink
from gatepass.server.domain.users.model import (
    InvalidField,
    User,
    check_email,
    check_role,
    check_username,
    email_key,
)
from gatepass.server.domain.users.notices.languages import operations as languages
from gatepass.server.domain.users.operators import store as operators
from gatepass.server.domain.users.operators.model import described
from gatepass.server.domain.users.passwords import passwords
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.domain.users.transaction_steps import (
    add_draft,
    check_username_is_free,
    record_audit,
)
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

NO_MAIL = Message(
    "An invitation is sent by mail, and this server sends none: the setting mail.host is empty. "
    "Use an initial password instead."
)


class Invited(NamedTuple):
    """An invitation and the organization that it leads to."""

    invitation: Invitation
    organization: Organization


def invite(
    context: Context,
    by: Actor,
    org_id: UUID,
    email: str,
    role: str,
    invitation_id: UUID | None = None,
) -> Invitation:
    """Invite an address; a caller that chooses `invitation_id` may repeat that.

    Raises InvalidField where somebody has the address or it is invited already, and OAuthError
    (429) after too many invitations.
    """
    invitation_id = invitation_id or uuid4()
    with context.database.write() as connection:
        organization = organizations.find(connection, org_id)
        if organization is None:
            raise NotFoundError(str(org_id))
        if not context.outbox.sends_mail:
            raise InvalidField("email", NO_MAIL)
        repeated = store.find(connection, invitation_id)
        if repeated and repeated.org_id == org_id:
            return repeated
        return add(context, connection, by, organization, email, role, invitation_id)


def add(
    context: Context,
    connection: Connection,
    by: Actor,
    organization: Organization,
    email: str,
    role: str,
    invitation_id: UUID,
) -> Invitation:
    """Add an invitation and mail it, in the caller's transaction."""
    if not context.outbox.sends_mail:
        raise InvalidField("email", NO_MAIL)
    now = context.now()
    until = now + LIFETIMES["invitation"]
    new = Invitation(
        invitation_id,
        organization.id,
        check_email(email),
        check_role(role),
        by.description,
        now,
        until,
    )
    if users.email_is_taken(connection, organization.id, new.email):
        raise InvalidField(
            "email", Message("Somebody of the organization has this address."), taken=True
        )
    older = store.find_by_email(connection, organization.id, new.email)
    if older and older.expires_at > now:
        raise InvalidField(
            "email",
            Message("This address is invited already. Send that invitation again."),
            taken=True,
        )
    if older:
        store.remove(connection, older.id)
    store.add(connection, new)
    _mail(context, connection, by, new, organization, now)
    _record(connection, by, now, new, "invitation.created")
    return new


def resend(context: Context, by: Actor, org_id: UUID, invitation_id: UUID) -> Invitation:
    """Mail an invitation again, for another seven days; the older link stops working."""
    with context.database.write() as connection:
        now = context.now()
        found, organization = _of_organization(connection, org_id, invitation_id)
        if not context.outbox.sends_mail:
            raise InvalidField("", NO_MAIL)
        found = found._replace(expires_at=now + LIFETIMES["invitation"])
        store.extend(connection, found.id, found.expires_at)
        _mail(context, connection, by, found, organization, now)
        _record(connection, by, now, found, "invitation.resent")
    return found


def revoke(context: Context, by: Actor, org_id: UUID, invitation_id: UUID) -> Invitation:
    """Delete an invitation: its link stops working."""
    with context.database.write() as connection:
        found, _ = _of_organization(connection, org_id, invitation_id)
        store.remove(connection, found.id)
        _record(connection, by, context.now(), found, "invitation.revoked")
    return found


def of_organization(context: Context, org_id: UUID) -> Sequence[Invitation]:
    """Return an organization's invitations that were not accepted, the newest first.

    None where no mail is sent: then they cannot be accepted either.
    """
    if not context.outbox.sends_mail:
        return []
    with context.database.read() as connection:
        return store.of_organization(connection, org_id)


def find(context: Context, token: Secret) -> Invited:
    """Return the invitation of a link; raise InvalidLink where there is none, or no mail."""
    if not context.outbox.sends_mail:
        raise InvalidLink
    with context.database.read() as connection:
        return _of_link(connection, token, context.now())


def accept(
    context: Context, hasher: Hasher, source: str, token: Secret, username: str, password: Secret
) -> Steps[User]:
    """Add the user whom an invitation asked, which uses up its link; return them.

    The address is confirmed, as the link was mailed to it. Raises InvalidLink, InvalidField, and
    OAuthError (503) where too many passwords wait to be hashed; the link then still works.
    """
    found = find(context, token)
    username = check_username(username)
    own_names = (username, found.invitation.email, found.organization.name)
    passwords.check(password, own_names)
    with context.database.read() as connection:
        check_username_is_free(connection, username)
    hashed = yield lambda: hasher.hash(password)
    with context.database.write() as connection:
        now = context.now()
        invitation, _ = _of_link(connection, token, now)
        if links.take(connection, "invitation", token, now) is None:
            raise InvalidLink
        new = _user(invitation, username, hashed, now)
        by = Actor(username, source, invitation.org_id)
        add_draft(context, connection, by, new, now)
        roles = operators.roles_of_invitation(context.database, connection, invitation.id)
        if roles:
            operators.set_roles(connection, new.id, roles)
            text = described(roles)
            record_audit(connection, by, now, new, "operator.added", roles=text)
        links.record_confirmed(connection, new.id, invitation.email, now)
        _record(connection, by, now, invitation, "invitation.accepted")
        store.remove(connection, invitation.id)
    return new


def _user(invitation: Invitation, username: str, hashed: str, now: datetime) -> User:
    return User(
        id=uuid4(),
        org_id=invitation.org_id,
        role=invitation.role,
        created_at=now,
        updated_at=now,
        username=username,
        email=invitation.email,
        password_hash=hashed,
        password_changed_at=now,
    )


def _of_link(connection: Connection, token: Secret, now: datetime) -> Invited:
    link = links.find(connection, "invitation", token, now)
    found = store.find(connection, link.invitation_id) if link and link.invitation_id else None
    organization = organizations.find(connection, found.org_id) if found else None
    if found is None or organization is None or organization.suspended_at:
        raise InvalidLink
    return Invited(found, organization)


def _of_organization(connection: Connection, org_id: UUID, invitation_id: UUID) -> Invited:
    found = store.find(connection, invitation_id)
    organization = organizations.find(connection, org_id)
    if found is None or organization is None or found.org_id != org_id:
        raise NotFoundError(str(invitation_id))
    return Invited(found, organization)


def _mail(
    context: Context,
    connection: Connection,
    by: Actor,
    invitation: Invitation,
    organization: Organization,
    now: datetime,
) -> None:
    """Make a new link and mail it; raise OAuthError (429) after too many mails."""
    counted = of_invitation(organization.id.hex, email_key(invitation.email))
    wait = 0 if by.kind == "operator" else limits.attempt(connection, counted, now)
    if wait:
        raise OAuthError(
            "temporarily_unavailable",
            Message("Too many invitations were sent. Try again in {wait} seconds.", wait=wait),
            log_detail="throttled",
            status=429,
            retry_after=wait,
        )
    token = links.add_of_invitation(connection, invitation.id, invitation.email, now)
    values = {
        "organization": organization.name,
        "role": invitation.role,
        "by": by.description,
        "until": f"{invitation.expires_at:%Y-%m-%d %H:%M} UTC",
        "token": token.value,
        languages.LANGUAGE: _language_of(context, connection, by),
    }
    context.outbox.add_mail(
        connection, invitation.email, "invitation", values, now, invitation.expires_at
    )


def _language_of(context: Context, connection: Connection, by: Actor) -> str:
    """Return the language of who invites, as nothing is known of who is invited."""
    inviting = users.find_by_username(connection, by.name) if by.kind == "person" else None
    return languages.of_mail(context, connection, inviting.id) if inviting else ""


def _record(
    connection: Connection, by: Actor, now: datetime, invitation: Invitation, action: str
) -> None:
    record = entry(
        by, now, action, invitation.email, org_id=invitation.org_id, role=invitation.role
    )
    audit.record(connection, record)
