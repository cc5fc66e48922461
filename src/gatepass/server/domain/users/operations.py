"""Operations on users: each in one transaction with its audit entry."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.users import store, transaction_steps
from gatepass.server.domain.users.links import recovery
from gatepass.server.domain.users.model import (
    InvalidField,
    User,
    check_email,
    check_role,
    email_key,
)
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.operators import store as operators
from gatepass.server.domain.users.operators.model import LAST_OWNER
from gatepass.server.domain.users.passwords import passwords
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.domain.users.portal_users import (
    check_deletable,
    check_unprotected,
    record_pending_email,
    with_pending_email,
)
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.sessions.user_agents import words
from gatepass.server.domain.users.single_sign_on import enforcement
from gatepass.server.domain.users.transaction_steps import (
    add_draft,
    check_email_is_free,
    find_in_organization,
    notify,
    record_audit,
)
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.secret import Secret

LAST_ADMINISTRATOR = Message(
    "This is the organization's last administrator. Make somebody else one first."
)


def add(context: Context, by: Actor, new: User) -> User:
    """Add a person without access to the portal (the Partner API's users)."""
    if new.email:
        new = replace(new, email=check_email(new.email))
    with context.database.write() as connection:
        add_draft(context, connection, by, new, context.now())
    return new


def set_role(context: Context, by: Actor, org_id: UUID, user_id: UUID, role: str) -> None:
    """Change a person's role; the last administrator keeps theirs."""
    change(context, by, org_id, user_id, {"role": check_role(role)})


def change(
    context: Context,
    by: Actor,
    org_id: UUID,
    user_id: UUID,
    values: Mapping[str, object],
    *,
    may_change_portal_users: bool = True,
) -> User:
    """Change what is known of a person; return them as they are then.

    A new address of somebody who logs in to the portal is pending until it is confirmed. Raises
    PortalUserRefused where their role or address would change and the caller may not do that.
    """
    now = context.now()
    with context.database.write() as connection:
        found = find_in_organization(connection, org_id, user_id)
        wanted = replace(found, **dict(values), updated_at=now)  # type: ignore[arg-type]
        if not may_change_portal_users:
            check_unprotected(found, wanted)
        if wanted.email != found.email:
            wanted = replace(wanted, email=check_email(wanted.email) if wanted.email else None)
            check_email_is_free(connection, wanted)
        changed = with_pending_email(found, wanted, by, now)
        if changed.role != "admin":
            _check_stays(context, connection, found)
        store.change(connection, user_id, _columns(found, changed, values))
        _tell_of_change(context, connection, by, now, found, changed, set(values))
    return changed


def set_enabled(context: Context, by: Actor, org_id: UUID, user_id: UUID, *, enabled: bool) -> None:
    """Disable a person, or enable them again; both end their sessions."""
    now = context.now()
    with context.database.write() as connection:
        found = find_in_organization(connection, org_id, user_id)
        if not enabled:
            _check_stays(context, connection, found)
        # When enabling, for one that was opened as the person was being disabled.
        sessions.end_of_user(connection, user_id)
        store.change(connection, user_id, {"disabled_at": None if enabled else now})
        record_audit(connection, by, now, found, "person.enabled" if enabled else "person.disabled")


def end_sessions(context: Context, by: Actor, org_id: UUID, user_id: UUID) -> None:
    """End every session of a person."""
    with context.database.write() as connection:
        found = find_in_organization(connection, org_id, user_id)
        sessions.end_of_user(connection, user_id)
        record_audit(connection, by, context.now(), found, "person.sessions_ended")


def count_sessions(context: Context) -> int:
    """Return how many sessions there are in all organizations."""
    with context.database.read() as connection:
        return sessions.count(connection)


def end_all_sessions(context: Context, by: Actor) -> int:
    """End the sessions of everybody in every organization; return how many there were."""
    with context.database.write() as connection:
        ended = sessions.end_all(connection)
        record = entry(by, context.now(), "sessions.all_ended", "", sessions=str(ended))
        audit.record(connection, record)
    return ended


def end_session(
    context: Context, by: Actor, org_id: UUID, user_id: UUID, session_id: UUID
) -> bytes | None:
    """End one session of a person; return its digest, or None where it had ended already."""
    with context.database.write() as connection:
        found = find_in_organization(connection, org_id, user_id)
        its = (each for each in sessions.of_user(connection, user_id) if each.id == session_id)
        session = next(its, None)
        if session is None:
            return None
        sessions.end(connection, session.id_digest)
        detail = {"address": session.source, "program": words(session.user_agent)}
        record_audit(connection, by, context.now(), found, "person.session_ended", **detail)
    return session.id_digest


def remove(
    context: Context,
    by: Actor,
    org_id: UUID,
    user_id: UUID,
    *,
    may_change_portal_users: bool = True,
) -> None:
    """Delete a person; the last administrator cannot be deleted.

    Raises PortalUserRefused for somebody who logs in, where the caller may not delete those.
    """
    with context.database.write() as connection:
        found = find_in_organization(connection, org_id, user_id)
        if not may_change_portal_users:
            check_deletable(found)
        _check_stays(context, connection, found)
        store.remove(connection, user_id)
        now = context.now()
        record_audit(connection, by, now, found, "person.deleted")
        transaction_steps.emit(context, connection, found, "user.removed", now)


def change_password(
    context: Context, hasher: Hasher, by: Actor, whose: User, current: Secret, new: Secret
) -> Steps[None]:
    """Change one's own password and end every session; the caller opens a new one.

    Raises InvalidField for a wrong current password or a new one that is not accepted, and
    OAuthError (503) where too many passwords wait to be hashed.
    """
    if not (yield lambda: hasher.verify(current, whose.password_hash)):
        raise InvalidField("current_password", Message("This is not your current password."))
    with context.database.read() as connection:
        organization = organizations.find(connection, whose.org_id)
    names = (whose.username, whose.email, organization.name if organization else None)
    passwords.check(new, (*names, whose.first_name, whose.last_name))
    if current == new:
        raise InvalidField("new_password", Message("Choose a password other than the current one."))
    hashed = yield lambda: hasher.hash(new)
    now = context.now()
    with context.database.write() as connection:
        if store.find(connection, whose.id) != whose:
            raise InvalidField("", Message("Your account has changed meanwhile. Please try again."))
        changed = {
            "password_hash": hashed,
            "must_change_password": False,
            "initial_password_at": None,
            "password_changed_at": now,
            "updated_at": now,
        }
        store.change(connection, whose.id, changed)
        sessions.end_of_user(connection, whose.id)
        recovery.end(context, connection, whose.id)
        record_audit(connection, by, now, whose, "person.password_changed")
        mails.tell(context, connection, whose, "password_changed", now)


def find(context: Context, org_id: UUID, user_id: UUID) -> User:
    """Return a person of the organization; raise NotFoundError where there is no such one."""
    with context.database.read() as connection:
        return find_in_organization(connection, org_id, user_id)


def find_anywhere(context: Context, username: str) -> User | None:
    """Return the person with this username, of whatever organization."""
    with context.database.read() as connection:
        return store.find_by_username(connection, username.strip().lower())


def find_by_id(context: Context, user_id: UUID) -> User | None:
    """Return the person with this id, of whatever organization."""
    with context.database.read() as connection:
        return store.find(connection, user_id)


def with_portal_email(context: Context, email: str) -> list[User]:
    """Return the people who log in to the portal with this address, of whatever organization."""
    with context.database.read() as connection:
        return store.with_portal_access_and_email(connection, email_key(email))


def with_portal_access(context: Context, org_id: UUID) -> list[User]:
    """Return the people of an organization who have access to the portal, oldest first."""
    with context.database.read() as connection:
        found = store.of_organization(connection, org_id)
    return [each for each in found if each.password_hash]


def page(
    context: Context,
    org_id: UUID,
    *,
    where: Mapping[str, str],
    after: store.After | None,
    limit: int,
    only_portal: bool = False,
) -> tuple[list[User], bool]:
    """Return up to `limit` people behind `after`, oldest first, and whether there are more."""
    with context.database.read() as connection:
        found = store.of_organization(
            connection,
            org_id,
            where=where,
            after=after,
            limit=limit + 1,
            only_portal=only_portal,
        )
    return found[:limit], len(found) > limit


def is_last_administrator(context: Context, user: User) -> bool:
    """Return whether nobody else could administer the organization."""
    with context.database.read() as connection:
        return transaction_steps.is_last_administrator(connection, user)


def _check_stays(context: Context, connection: Connection, user: User) -> None:
    """Raise InvalidField where somebody must stay an administrator, or owner, who can log in."""
    if operators.is_last_owner(context.database, connection, user):
        raise InvalidField("role", LAST_OWNER, taken=True)
    if transaction_steps.is_last_administrator(connection, user):
        raise InvalidField("role", LAST_ADMINISTRATOR, taken=True)
    enforcement.check_not_emergency_administrator(context.database, connection, user)


def _columns(found: User, changed: User, values: Mapping[str, object]) -> dict[str, object]:
    """Return the columns that a change of `values` writes.

    An address that stays is not written, with its key: it may be one of those that were not
    unique before migration 0009.
    """
    pending = ("pending_email", "pending_email_at", "pending_email_by")
    names = {*values, *pending, "updated_at"} - {"email"}
    names |= {"email"} if changed.email != found.email else set()
    return {name: getattr(changed, name) for name in names}


def _tell_of_change(
    context: Context,
    connection: Connection,
    by: Actor,
    now: datetime,
    found: User,
    changed: User,
    sent: set[str],
) -> None:
    record_pending_email(context, connection, by, now, found, changed)
    is_pending = changed.pending_email != found.pending_email
    fields = ", ".join(sorted(sent - {"role", "email"} if is_pending else sent - {"role"}))
    detail = {"fields": fields} if fields else {}
    if changed.role != found.role:
        record_audit(connection, by, now, found, "person.role_changed", role=changed.role, **detail)
        notify(context, connection, by, now, found, "role_changed", changed.role)
        if changed.role == "admin" and found.has_portal_access:
            mails.tell_of_new_administrator(context, connection, by, changed, now)
    elif fields or not is_pending:
        record_audit(connection, by, now, found, "person.changed", **detail)
