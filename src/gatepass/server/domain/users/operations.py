"""Operations on users: each in one transaction with its audit entry."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.users import passwords, store
from gatepass.server.domain.users.model import (
    InvalidField,
    User,
    check_email,
    check_role,
    check_username,
)
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.domain.users.passwords import Hasher
from gatepass.server.domain.users.portal_users import (
    check_deletable,
    check_unprotected,
    record_pending_email,
    with_pending_email,
)
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.transaction_steps import (
    check_email_is_free,
    find_in_organization,
    notify,
    record_audit,
)
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.secret import Secret

Also = Callable[[Connection, User, Secret], None]
"""What a caller writes along, in the same transaction."""

LAST_ADMINISTRATOR = "This is the organization's last administrator. Make somebody else one first."


def _nothing(_: Connection, __: User, ___: Secret) -> None:
    """Write nothing along."""


class InitialPassword(NamedTuple):
    """An initial password and its hash."""

    password: Secret
    hashed: str


def new_password(hasher: Hasher) -> Steps[InitialPassword]:
    """Make an initial password; raise OAuthError (503) where too many wait to be hashed."""
    password = passwords.generate()
    hashed = yield lambda: hasher.hash(password)
    return InitialPassword(password, hashed)


def draft_with_access(
    org_id: UUID,
    initial: InitialPassword,
    now: datetime,
    *,
    username: str,
    email: str | None,
    role: str,
) -> User:
    """Return a new user who can log in; nothing is stored yet."""
    return User(
        id=uuid4(),
        org_id=org_id,
        role=check_role(role),
        created_at=now,
        updated_at=now,
        username=check_username(username),
        email=check_email(email) if email else None,
        password_hash=initial.hashed,
        must_change_password=True,
        initial_password_at=now,
    )


def add_draft(connection: Connection, by: Actor, new: User, now: datetime) -> None:
    """Store a new person; raise InvalidField where the username or address is taken."""
    if new.username and store.find_by_username(connection, new.username):
        raise InvalidField("username", "This username is taken. Choose another.", taken=True)
    check_email_is_free(connection, new)
    store.add(connection, new)
    record_audit(connection, by, now, new, "person.added", role=new.role)


def add_with_access(  # noqa: PLR0913 - two of them for callers that show the password on a page
    context: Context,
    by: Actor,
    org_id: UUID,
    *,
    username: str,
    email: str | None,
    role: str,
    initial: InitialPassword,
    user_id: UUID | None = None,
    also: Also = _nothing,
) -> tuple[User, Secret]:
    """Add a user who can log in; return them and the one sight of the initial password.

    A caller that chooses the `user_id` can recognize a repetition, whose username is taken.
    """
    now = context.now()
    new = draft_with_access(org_id, initial, now, username=username, email=email, role=role)
    new = replace(new, id=user_id or new.id)
    with context.database.write() as connection:
        add_draft(connection, by, new, now)
        also(connection, new, initial.password)
    return new, initial.password


def add(context: Context, by: Actor, new: User) -> User:
    """Add a person without access to the portal (the Partner API's users)."""
    if new.email:
        new = replace(new, email=check_email(new.email))
    with context.database.write() as connection:
        add_draft(connection, by, new, context.now())
    return new


def give_access(
    context: Context,
    by: Actor,
    org_id: UUID,
    user_id: UUID,
    username: str | None,
    *,
    initial: InitialPassword,
    also: Also = _nothing,
) -> tuple[User, Secret]:
    """Set a new initial password, and the username of somebody who had none; end their sessions."""
    now = context.now()
    with context.database.write() as connection:
        found = find_in_organization(connection, org_id, user_id)
        if found.username is None:
            username = check_username(username or "")
            if store.find_by_username(connection, username):
                raise InvalidField(
                    "username", "This username is taken. Choose another.", taken=True
                )
        changed = {
            "username": found.username or username,
            "password_hash": initial.hashed,
            "must_change_password": True,
            "initial_password_at": now,
            "updated_at": now,
        }
        store.change(connection, user_id, changed)
        sessions.end_of_user(connection, user_id)
        given = replace(found, username=found.username or username)
        also(connection, given, initial.password)
        record_audit(connection, by, now, found, "person.password_reset")
    return given, initial.password


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
            _check_not_last_administrator(connection, found)
        store.change(connection, user_id, _columns(found, changed, values))
        _tell_of_change(connection, by, now, found, changed, set(values))
    return changed


def set_enabled(context: Context, by: Actor, org_id: UUID, user_id: UUID, *, enabled: bool) -> None:
    """Disable a person, or enable them again; both end their sessions."""
    now = context.now()
    with context.database.write() as connection:
        found = find_in_organization(connection, org_id, user_id)
        if not enabled:
            _check_not_last_administrator(connection, found)
        # When enabling, for one that was opened as the person was being disabled.
        sessions.end_of_user(connection, user_id)
        store.change(connection, user_id, {"disabled_at": None if enabled else now})
        record_audit(connection, by, now, found, "person.enabled" if enabled else "person.disabled")


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
        _check_not_last_administrator(connection, found)
        store.remove(connection, user_id)
        record_audit(connection, by, context.now(), found, "person.deleted")


def change_password(
    context: Context, hasher: Hasher, by: Actor, whose: User, current: Secret, new: Secret
) -> Steps[None]:
    """Change one's own password and end every session; the caller opens a new one.

    Raises InvalidField for a wrong current password or a new one that is not accepted, and
    OAuthError (503) where too many passwords wait to be hashed.
    """
    if not (yield lambda: hasher.verify(current, whose.password_hash)):
        raise InvalidField("current_password", "This is not your current password.")
    with context.database.read() as connection:
        organization = organizations.find(connection, whose.org_id)
    names = (whose.username, whose.email, organization.name if organization else None)
    passwords.check(new, (*names, whose.first_name, whose.last_name))
    if current == new:
        raise InvalidField("new_password", "Choose a password other than the current one.")
    hashed = yield lambda: hasher.hash(new)
    now = context.now()
    with context.database.write() as connection:
        if store.find(connection, whose.id) != whose:
            raise InvalidField("", "Your account has changed meanwhile. Please try again.")
        changed = {
            "password_hash": hashed,
            "must_change_password": False,
            "initial_password_at": None,
            "password_changed_at": now,
            "updated_at": now,
        }
        store.change(connection, whose.id, changed)
        sessions.end_of_user(connection, whose.id)
        record_audit(connection, by, now, whose, "person.password_changed")


def find(context: Context, org_id: UUID, user_id: UUID) -> User:
    """Return a person of the organization; raise NotFoundError where there is no such one."""
    with context.database.read() as connection:
        return find_in_organization(connection, org_id, user_id)


def find_by_username(context: Context, org_id: UUID, username: str) -> User:
    """Return a person of the organization; raise NotFoundError where there is no such one."""
    with context.database.read() as connection:
        found = store.find_by_username(connection, username.strip().lower())
    if found is None or found.org_id != org_id:
        raise NotFoundError(username)
    return found


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
) -> tuple[list[User], bool]:
    """Return up to `limit` people behind `after`, oldest first, and whether there are more."""
    with context.database.read() as connection:
        found = store.of_organization(connection, org_id, where=where, after=after, limit=limit + 1)
    return found[:limit], len(found) > limit


def is_last_administrator(context: Context, user: User) -> bool:
    """Return whether nobody else could administer the organization."""
    with context.database.read() as connection:
        return _is_last_administrator(connection, user)


def _check_not_last_administrator(connection: Connection, user: User) -> None:
    if _is_last_administrator(connection, user):
        raise InvalidField("role", LAST_ADMINISTRATOR, taken=True)


def _is_last_administrator(connection: Connection, user: User) -> bool:
    counts = user.role == "admin" and user.disabled_at is None and user.password_hash
    return bool(counts) and store.active_administrators(connection, user.org_id) == 1


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
    connection: Connection,
    by: Actor,
    now: datetime,
    found: User,
    changed: User,
    sent: set[str],
) -> None:
    record_pending_email(connection, by, now, found, changed)
    is_pending = changed.pending_email != found.pending_email
    fields = ", ".join(sorted(sent - {"role", "email"} if is_pending else sent - {"role"}))
    detail = {"fields": fields} if fields else {}
    if changed.role != found.role:
        record_audit(connection, by, now, found, "person.role_changed", role=changed.role, **detail)
        notify(connection, by, now, found, "role_changed", changed.role)
    elif fields or not is_pending:
        record_audit(connection, by, now, found, "person.changed", **detail)
