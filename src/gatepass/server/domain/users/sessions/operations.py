"""Sessions after the login: who one belongs to, and how it ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.policies.model import Policy
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.factors import store as factors
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.notices.languages import operations as languages
from gatepass.server.domain.users.operators import store as operators
from gatepass.server.domain.users.operators.model import Operator
from gatepass.server.domain.users.sessions import store
from gatepass.server.domain.users.sessions.logins import store as logins
from gatepass.server.domain.users.sessions.logins.model import PastLogin
from gatepass.server.domain.users.sessions.model import (
    Session,
    SessionSettings,
    is_over,
    is_update_due,
)
from gatepass.server.domain.users.sessions.proofs import store as proofs
from gatepass.server.storage.database import Connection
from gatepass.wire.secret import Secret

LONGEST_AGENT = 200  # characters


class Visitor(NamedTuple):
    """Where a request comes from: address, program, browser's id, and the language of its pages."""

    source: str
    agent: str
    device: Secret | None
    language: str = ""


class Login(NamedTuple):
    """A live session, whose it is, and the policy that holds for them."""

    session_id: Secret
    session: Session
    user: User
    organization: Organization
    policy: Policy = Policy()
    lacks_factor: bool = False
    """Whether a second factor is required, and neither set up nor proved in this session."""
    language: str = ""
    """The language that they have chosen; empty: that of the browser."""
    operator: Operator | None = None
    """Them as a person of the operating organization, with the roles that they have now."""


class LiveSession(NamedTuple):
    """A session that is not over, whose it is, and what holds for them as in `Login`."""

    session: Session
    user: User
    organization: Organization
    policy: Policy
    lacks_factor: bool
    language: str
    operator: Operator | None


def find(context: Context, settings: SessionSettings, session_id: Secret) -> Login | None:
    """Return the login that a session id stands for, unless it is over; note that it was seen.

    Does NOT check whether the organization is suspended; the caller shows that.
    """
    live = find_live(context, settings, session_id.digest())
    return Login(session_id, *live) if live else None


def find_live(context: Context, settings: SessionSettings, digest: bytes) -> LiveSession | None:
    """Return the session whose id has this digest, and whose it is, as `find` does."""
    now = context.now()
    with context.database.read() as connection:
        session = store.find(connection, digest)
        user = users.find(connection, session.user_id) if session else None
        if session is None or user is None:
            return None
        organization = organizations.find(connection, user.org_id)
        policy = policies.find_in_force(context.database, connection, user.org_id)
        lacks_factor = _lacks_factor(context, connection, policy, user, session)
        chosen = languages.chosen_by(context, connection, user.id)
        operator = operators.find(context.database, connection, user)
    limits = settings.shortened(policy.session_idle, policy.session_absolute)
    if is_over(session, limits, now):
        return None
    if organization is None or user.password_hash is None or user.disabled_at:
        return None
    if is_update_due(session, limits, now):
        with context.database.write() as connection:
            store.change(connection, session.id_digest, {"last_seen_at": now})
    return LiveSession(session, user, organization, policy, lacks_factor, chosen, operator)


def _lacks_factor(
    context: Context, connection: Connection, policy: Policy, user: User, session: Session
) -> bool:
    """Return whether a required second factor is neither set up nor proved in the session.

    Who comes by single sign-on has proved to the organization's provider what it requires.
    """
    if policy.second_factor != "required":
        return False
    if not context.database.has(connection, factors.REVISION):
        return False
    proved = set(proofs.of_session(connection, session.id_digest))
    return not (proved - {"password"}) and not factors.has_any(connection, user.id)


def live_sessions(context: Context, settings: SessionSettings, user: User) -> Sequence[Session]:
    """Return somebody's sessions that are not over, the latest seen first."""
    now = context.now()
    with context.database.read() as connection:
        found = store.of_user(connection, user.id)
        policy = policies.find_in_force(context.database, connection, user.org_id)
    limits = settings.shortened(policy.session_idle, policy.session_absolute)
    return [each for each in found if not is_over(each, limits, now)]


def previous_login(context: Context, login: Login) -> PastLogin | None:
    """Return the last login of this person before this session; None where none is known."""
    with context.database.read() as connection:
        if not context.database.has(connection, logins.REVISION):
            return None
        return logins.before(connection, login.user.id, login.session.created_at)


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
