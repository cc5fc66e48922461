"""Sessions after the login: who one belongs to, and how it ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.sessions import store
from gatepass.server.domain.users.sessions.model import (
    Session,
    SessionSettings,
    is_over,
    is_update_due,
)
from gatepass.server.storage.database import Connection
from gatepass.wire.secret import Secret

LONGEST_AGENT = 200  # characters


class Visitor(NamedTuple):
    """Where a request comes from: address, program, and the id that the browser was given."""

    source: str
    agent: str
    device: Secret | None


class Login(NamedTuple):
    """A live session and whose it is."""

    session_id: Secret
    session: Session
    user: User
    organization: Organization


def find(context: Context, settings: SessionSettings, session_id: Secret) -> Login | None:
    """Return the login that a session id stands for, unless it is over; note that it was seen.

    Does NOT check whether the organization is suspended; the caller shows that.
    """
    now = context.now()
    with context.database.read() as connection:
        session = store.find(connection, session_id.digest())
        if session is None or is_over(session, settings, now):
            return None
        user = users.find(connection, session.user_id)
        organization = organizations.find(connection, user.org_id) if user else None
    if user is None or organization is None or user.password_hash is None or user.disabled_at:
        return None
    if is_update_due(session, settings, now):
        with context.database.write() as connection:
            store.change(connection, session.id_digest, {"last_seen_at": now})
    return Login(session_id, session, user, organization)


def live_sessions(context: Context, settings: SessionSettings, user: User) -> Sequence[Session]:
    """Return somebody's sessions that are not over, the latest seen first."""
    now = context.now()
    with context.database.read() as connection:
        found = store.of_user(connection, user.id)
    return [each for each in found if not is_over(each, settings, now)]


def log_out(context: Context, by: Actor, login: Login) -> None:
    """End a session."""
    with context.database.write() as connection:
        store.end(connection, login.session.id_digest)
        audit.record(connection, entry(by, context.now(), "logout", ""))


def end_others(context: Context, by: Actor, login: Login) -> None:
    """End somebody's sessions but the one at hand (ASVS 7.5.2)."""
    with context.database.write() as connection:
        store.end_of_user(connection, login.user.id, but=login.session.id_digest)
        audit.record(connection, entry(by, context.now(), "sessions.others_ended", ""))


def leave_flash(context: Context, login: Login, sentence: str) -> None:
    """Keep a sentence for the next page that the session shows."""
    with context.database.write() as connection:
        store.change(connection, login.session.id_digest, {"flash": sentence})


def take_flash(context: Context, login: Login) -> str | None:
    """Return the sentence that was left, once."""
    if login.session.flash is not None:
        with context.database.write() as connection:
            store.change(connection, login.session.id_digest, {"flash": None})
    return login.session.flash


def add_session(
    connection: Connection,
    session_id: Secret,
    user: User,
    visitor: Visitor,
    now: datetime,
    flash: str | None = None,
) -> None:
    """Open a session within the caller's transaction."""
    agent = visitor.agent[:LONGEST_AGENT]
    digest = session_id.digest()
    store.add(connection, Session(digest, user.id, now, now, visitor.source, agent, flash))
