"""Logging in and out, and who a session belongs to."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from gatepass.server.domain.audit import bounded
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, Entry, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import Limit, of_login
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.model import LONGEST_EMAIL, User, email_key, has_expired_password
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.domain.users.passwords import Hasher
from gatepass.server.domain.users.sessions import store
from gatepass.server.domain.users.sessions.model import (
    Session,
    SessionSettings,
    is_over,
    is_update_due,
    new_id,
)
from gatepass.server.storage.database import Connection
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

LONGEST_USERNAME = 64
LONGEST_AGENT = 200  # characters
EXPIRED = "initial password expired"
WRONG = "The username or the password is wrong."
SUSPENDED = (
    "Your organization is suspended: nobody of it can log in, and its applications get no tokens. "
    "Ask your account manager."
)
_IS_SUSPENDED = "organization suspended"
_NO_ID = UUID(int=0)

log = structlog.get_logger("gatepass.server")


class Visitor(NamedTuple):
    """Where a request comes from: address, program, and the id that the browser was given."""

    source: str
    agent: str
    device: Secret | None


class LoggedIn(NamedTuple):
    """A new session, the browser's new id, and who it is."""

    session_id: Secret
    device_id: Secret
    user: User


class Login(NamedTuple):
    """A live session and whose it is."""

    session_id: Secret
    session: Session
    user: User
    organization: Organization


class _Candidate(NamedTuple):
    """Who somebody says they are, and what is known of that."""

    user: User | None
    organization: Organization | None

    @property
    def kept(self) -> str | None:
        """Return the password hash, if there is one."""
        return self.user.password_hash if self.user else None


def log_in(
    context: Context, hasher: Hasher, visitor: Visitor, username: str, password: Secret
) -> Steps[LoggedIn]:
    """Open a session for a visitor who knows the password.

    Raises OAuthError: with one sentence for every reason, after the same time, but with the reason
    where the password is right and the organization is suspended; 429 for those who must wait;
    503, and then the attempt is not counted, where too many passwords wait to be hashed. Known
    and unknown usernames are counted and answered alike (ASVS 6.3.8).
    """
    hasher.pool.check()
    counted = _attempt(context, visitor, username)
    with context.database.read() as connection:
        candidate = _find_candidate(connection, username)
    try:
        is_right, rehashed = yield lambda: _compared(hasher, candidate.kept, password)
    except OAuthError:
        _take_back(context, counted)
        raise
    session_id, device_id = new_id(), new_id()
    with context.database.write() as connection:
        now = context.now()
        known = _find_candidate(connection, username)
        # Asked again, as the person may have changed while the hash was computed.
        refused = _refusal_reason(known, now, is_right=is_right and known.kept == candidate.kept)
        if known.user and not refused:
            limits.succeed(connection, counted)
            _record_login(connection, known.user, rehashed, now)
            _open(connection, session_id, known.user, visitor, now)
            _change_device(connection, visitor.device, device_id, known.user, now)
        if refused == _IS_SUSPENDED:  # the password was right: this was no guess
            limits.take_back(connection, counted)
        record = _login_entry(known, visitor, refused, now)
        if refused:
            bounded.record(connection, context.audit_limit, record)
        else:
            audit.record(connection, record)
    if refused == _IS_SUSPENDED:
        raise OAuthError("invalid_request", SUSPENDED, log_detail=refused)
    if known.user is None or refused:
        raise OAuthError("invalid_request", WRONG, log_detail=refused)
    return LoggedIn(session_id, device_id, known.user)


def open_again(context: Context, visitor: Visitor, user: User, flash: str | None = None) -> Secret:
    """Open a new session for somebody who has just changed their password; return its id."""
    session_id = new_id()
    with context.database.write() as connection:
        _open(connection, session_id, user, visitor, context.now(), flash)
    return session_id


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
    if user is None or organization is None or _is_barred(user):
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


def check_may_try(context: Context, hasher: Hasher, login: Login, source: str) -> None:
    """Count a try at the current password within a session; raise OAuthError (429) after too many.

    Counted per session: somebody at an unlocked screen can guess only so often, and makes
    nobody wait at the login. Raises OAuthError (503) where too many passwords wait to be hashed.
    """
    hasher.pool.check()
    counted = _of_session(login, source)
    with context.database.write() as connection:
        wait = limits.attempt(connection, counted, context.now())
    if wait:
        raise too_many(wait)


def forget_try(context: Context, login: Login, source: str) -> None:
    """Uncount a try that was never looked at, because the server was too busy."""
    _take_back(context, _of_session(login, source))


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


def too_many(wait: int) -> OAuthError:
    """Return the refusal of somebody who must wait for `wait` seconds."""
    unit = "second" if wait == 1 else "seconds"
    return OAuthError(
        "temporarily_unavailable",
        f"Too many wrong attempts. Try again in {wait} {unit}.",
        log_detail="throttled",
        status=429,
        retry_after=wait,
    )


def _of_session(login: Login, source: str) -> tuple[Limit, ...]:
    return of_login(login.user.username or "", source, login.session.id_digest)


def _attempt(context: Context, visitor: Visitor, username: str) -> tuple[Limit, ...]:
    """Count an attempt as failed, until it has succeeded; refuse it where it must wait.

    Asked before anybody is looked up by the name, so that the time of a refusal does not reveal
    whether such a user exists.
    """
    username = _normal(username)
    digest = visitor.device.digest() if visitor.device else b""
    with context.database.write() as connection:
        owners = {store.owner_of_device(connection, digest)}
        if "@" in username:
            owners.add(store.owner_of_device(connection, digest, by="email_key"))
        device = digest if username in owners else None
        counted = of_login(username, visitor.source, device)
        wait = limits.attempt(connection, counted, context.now())
    if wait:
        # In the log alone: a row for each would let a stranger fill the audit trail.
        if context.log_limit.allow("login.throttled", visitor.source, context.clock()):
            log.warning(
                "login.throttled", environment=context.name, source=visitor.source, seconds=wait
            )
        raise too_many(wait)
    return counted


def _find_candidate(connection: Connection, username: str) -> _Candidate:
    """Look a person up by username or, where one person alone has it, by email address.

    For an unknown name the queries are the same, and return as much.
    """
    name = _normal(username)
    is_possible = len(name) <= LONGEST_USERNAME
    near = users.find_near_username(connection, name if is_possible else "")
    is_somebody = near is not None and near.username == name
    if "@" in name:
        of_email = users.find_near_email(connection, name if len(name) <= LONGEST_EMAIL else "")
        if not is_somebody and len(of_email) == 1:
            (near,) = of_email
            is_somebody = near.email is not None and email_key(near.email) == name
    organization = organizations.find(connection, near.org_id if near else _NO_ID)
    return _Candidate(near, organization) if is_somebody else _Candidate(None, None)


def _normal(username: str) -> str:
    """Return a username, or an email address, in the form in which it is looked up and counted."""
    return email_key(username) if "@" in username else username.strip().lower()


def _take_back(context: Context, counted: Sequence[Limit]) -> None:
    with context.database.write() as connection:
        limits.take_back(connection, counted)


def _compared(hasher: Hasher, kept: str | None, password: Secret) -> tuple[bool, str | None]:
    """Return whether the password is right, and its new hash if the stored one is outdated."""
    is_right = hasher.verify(password, kept)
    rehashed = hasher.hash(password) if is_right and kept and hasher.is_outdated(kept) else None
    return is_right, rehashed


def _refusal_reason(candidate: _Candidate, now: datetime, *, is_right: bool) -> str:
    """Return for the log why a login is refused; nothing where it is not."""
    if candidate.user is None or candidate.organization is None:
        return "unknown username"
    if candidate.kept is None:
        return "no portal access"
    if not is_right:
        return "wrong password"
    if candidate.user.disabled_at:
        return "disabled"
    if has_expired_password(candidate.user, now):
        return EXPIRED
    return _IS_SUSPENDED if candidate.organization.suspended_at else ""


def _is_barred(user: User) -> bool:
    return user.password_hash is None or user.disabled_at is not None


def _login_entry(candidate: _Candidate, visitor: Visitor, refused: str, now: datetime) -> Entry:
    # An unknown username is not written down: people type passwords into that field.
    name = (candidate.user.username if candidate.user else None) or "unknown"
    org_id = candidate.user.org_id if candidate.user else None
    return Entry(
        at=now,
        org_id=org_id,
        actor=name,
        action="login.refused" if refused else "login",
        result="refused" if refused else "ok",
        source=visitor.source,
        detail={"reason": refused} if refused else {},
    )


def _record_login(connection: Connection, user: User, rehashed: str | None, now: datetime) -> None:
    values: dict[str, object] = {"last_login_at": now}
    if rehashed:
        values["password_hash"] = rehashed
    users.change(connection, user.id, values)


def _open(
    connection: Connection,
    session_id: Secret,
    user: User,
    visitor: Visitor,
    now: datetime,
    flash: str | None = None,
) -> None:
    agent = visitor.agent[:LONGEST_AGENT]
    digest = session_id.digest()
    store.add(connection, Session(digest, user.id, now, now, visitor.source, agent, flash))


def _change_device(
    connection: Connection, old: Secret | None, new: Secret, user: User, now: datetime
) -> None:
    """Return the browser a new id; the old one is worth nothing from then on."""
    if old:
        store.forget_device(connection, old.digest())
    store.remember_device(connection, new.digest(), user.id, now)
