"""Access to the portal by an initial password, for a new user or for one who lost theirs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.users import store
from gatepass.server.domain.users.links import recovery
from gatepass.server.domain.users.model import User, check_email, check_role, check_username
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.passwords import passwords
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.transaction_steps import (
    add_draft,
    check_username_is_free,
    find_in_organization,
    record_audit,
)
from gatepass.server.storage.database import Connection
from gatepass.wire.secret import Secret

Also = Callable[[Connection, User, Secret], None]
"""What a caller writes along, in the same transaction."""


def write_nothing(_: Connection, __: User, ___: Secret) -> None:
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
    also: Also = write_nothing,
) -> tuple[User, Secret]:
    """Add a user who can log in; return them and the one sight of the initial password.

    A caller that chooses the `user_id` can recognize a repetition, whose username is taken.
    """
    now = context.now()
    new = draft_with_access(org_id, initial, now, username=username, email=email, role=role)
    new = replace(new, id=user_id or new.id)
    with context.database.write() as connection:
        add_draft(context, connection, by, new, now)
        also(connection, new, initial.password)
    return new, initial.password


def give_access(
    context: Context,
    by: Actor,
    org_id: UUID,
    user_id: UUID,
    username: str | None,
    *,
    initial: InitialPassword,
    also: Also = write_nothing,
) -> tuple[User, Secret]:
    """Set a new initial password, and the username of somebody who had none; end their sessions."""
    now = context.now()
    with context.database.write() as connection:
        found = find_in_organization(connection, org_id, user_id)
        if found.username is None:
            username = check_username(username or "")
            check_username_is_free(connection, username)
        changed = {
            "username": found.username or username,
            "password_hash": initial.hashed,
            "must_change_password": True,
            "initial_password_at": now,
            "updated_at": now,
        }
        store.change(connection, user_id, changed)
        sessions.end_of_user(connection, user_id)
        recovery.end(context, connection, user_id)
        given = replace(found, username=found.username or username)
        also(connection, given, initial.password)
        record_audit(connection, by, now, found, "person.password_reset")
        mails.tell(context, connection, given, "password_reset", now, by=by.description)
        if given.role == "admin" and not found.has_portal_access:
            mails.tell_of_new_administrator(context, connection, by, given, now)
    return given, initial.password
