"""Steps that operations on users share, each within the caller's transaction."""

from datetime import datetime
from uuid import UUID, uuid4

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.users import store
from gatepass.server.domain.users.model import InvalidField, User
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.notices import store as notices
from gatepass.server.domain.users.notices.model import Kind, Notice
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message


def find_in_organization(connection: Connection, org_id: UUID, user_id: UUID) -> User:
    """Return a person of the organization; raise NotFoundError for anybody else."""
    found = store.find(connection, user_id)
    if found is None or found.org_id != org_id:
        raise NotFoundError(str(user_id))
    return found


def check_username_is_free(connection: Connection, username: str) -> None:
    """Raise InvalidField where somebody has this username, in whatever organization."""
    if store.find_by_username(connection, username):
        raise InvalidField(
            "username", Message("This username is taken. Choose another."), taken=True
        )


def check_email_is_free(connection: Connection, user: User) -> None:
    """Raise InvalidField where somebody else of the organization has the person's address."""
    if user.email and store.email_is_taken(
        connection, user.org_id, user.email, by_other_than=user.id
    ):
        raise InvalidField(
            "email", Message("Somebody of the organization has this address."), taken=True
        )


def record_audit(
    connection: Connection, by: Actor, now: datetime, user: User, action: str, **detail: str
) -> None:
    """Write the audit entry of what `by` did to a person."""
    subject = user.username or user.email or str(user.id)
    record = entry(by, now, action, subject, org_id=user.org_id, **detail)
    audit.record(connection, record)


def emit(context: Context, connection: Connection, user: User, event: str, now: datetime) -> None:
    """Write an event about a person, who is named by their id alone."""
    who = {"user_id": str(user.id), "role": user.role}
    context.webhooks.emit(connection, event, now, org_id=user.org_id, **who)


def is_last_administrator(connection: Connection, user: User) -> bool:
    """Return whether nobody else could administer the organization."""
    counts = user.role == "admin" and user.disabled_at is None and user.password_hash
    return bool(counts) and store.active_administrators(connection, user.org_id) == 1


def add_draft(
    context: Context, connection: Connection, by: Actor, new: User, now: datetime
) -> None:
    """Store a new person; raise InvalidField where the username or address is taken."""
    if new.username:
        check_username_is_free(connection, new.username)
    check_email_is_free(connection, new)
    store.add(connection, new)
    record_audit(connection, by, now, new, "person.added", role=new.role)
    emit(context, connection, new, "user.added", now)
    if new.role == "admin" and new.has_portal_access:
        mails.tell_of_new_administrator(context, connection, by, new, now)


def notify(
    context: Context,
    connection: Connection,
    by: Actor,
    now: datetime,
    user: User,
    kind: Kind,
    detail: str,
) -> None:
    """Leave a notice for a person who logs in to the portal, and a mail.

    Of what they did themselves there is no notice, but a mail of a confirmed address: whoever
    confirmed it may have stolen the account.
    """
    if user.has_portal_access and not is_self(by, user):
        new = Notice(uuid4(), user.id, now, kind, by.description, detail)
        notices.add(connection, new)
    if kind == "email_confirmed" or not is_self(by, user):
        mails.tell(context, connection, user, kind, now, by=by.description, detail=detail)


def is_self(by: Actor, user: User) -> bool:
    """Return whether the actor is this person."""
    return by.kind == "person" and by.name == user.username
