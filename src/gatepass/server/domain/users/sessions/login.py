"""The login: who may open a session, how often it may be tried, and what is written of it."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from gatepass.server.domain.audit import bounded
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import Limit, of_login, too_many
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.model import LONGEST_EMAIL, User, email_key, has_expired_password
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.domain.users.sessions import second_step, store
from gatepass.server.domain.users.sessions.opening import LoggedIn, open_session
from gatepass.server.domain.users.sessions.operations import Visitor
from gatepass.server.domain.users.sessions.second_step import SUSPENDED, SecondStep
from gatepass.server.domain.users.single_sign_on import enforcement
from gatepass.server.domain.users.single_sign_on.enforcement import SingleSignOnRequired
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

LONGEST_USERNAME = 64
EXPIRED = "initial password expired"
WRONG = Message("The username or the password is wrong.")
_IS_SUSPENDED = "organization suspended"
_NO_GUESS = (_IS_SUSPENDED, enforcement.REASON)
_NO_ID = UUID(int=0)

log = structlog.get_logger("gatepass.server")


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
) -> Steps[LoggedIn | SecondStep]:
    """Open a session for a visitor who knows the password, or ask for their second factor.

    Raises SingleSignOnRequired where the password is right and the person must come from their
    organization's provider. Raises OAuthError: with one sentence for every reason, after the same
    time, but with the reason where the password is right and the organization is suspended; 429
    for those who must wait; 503, and then the attempt is not counted, where too many passwords wait
    to be hashed. Known and unknown usernames are counted and answered alike (ASVS 6.3.8).
    """
    hasher.pool.check()
    counted = _attempt(context, visitor, username)
    with context.database.read() as connection:
        candidate = _find_candidate(connection, username)
    try:
        is_right, rehashed = yield lambda: _compared(hasher, candidate.kept, password)
    except OAuthError:
        with context.database.write() as connection:
            limits.take_back(connection, counted)
        raise
    made: LoggedIn | SecondStep | None = None
    with context.database.write() as connection:
        now = context.now()
        known = _find_candidate(connection, username)
        # Asked again, as the person may have changed while the hash was computed.
        refused = _refusal_reason(known, now, is_right=is_right and known.kept == candidate.kept)
        if known.user and not refused:
            refused = _must_come_from_provider(context, connection, known.user)
        if known.user and not refused:
            limits.succeed(connection, counted)
            made = _opened(
                context, connection, visitor, _rehashed(connection, known.user, rehashed)
            )
        if refused in _NO_GUESS:  # the password was right: this was no guess
            limits.take_back(connection, counted)
        if refused:
            record = _refused_entry(known, visitor, refused, now)
            bounded.record(connection, context.audit_limit, record)
    if refused == _IS_SUSPENDED:
        raise OAuthError("invalid_request", SUSPENDED, log_detail=refused)
    if refused == enforcement.REASON and known.user:
        raise SingleSignOnRequired(known.user)
    if made is None:
        raise OAuthError("invalid_request", WRONG, log_detail=refused)
    return made


def _opened(
    context: Context, connection: Connection, visitor: Visitor, user: User
) -> LoggedIn | SecondStep:
    """Open the session of somebody whose password is right, unless they have a second factor."""
    now = context.now()
    waiting = second_step.begin(context, connection, user, now)
    return waiting or open_session(context, connection, visitor, user, ["password"], now)


def _rehashed(connection: Connection, user: User, rehashed: str | None) -> User:
    if rehashed is None:
        return user
    users.change(connection, user.id, {"password_hash": rehashed})
    return replace(user, password_hash=rehashed)


def _must_come_from_provider(context: Context, connection: Connection, user: User) -> str:
    is_required = enforcement.is_in_force(context.database, connection, user)
    return enforcement.REASON if is_required else ""


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


def _refused_entry(candidate: _Candidate, visitor: Visitor, reason: str, now: datetime) -> Entry:
    # An unknown username is not written down: people type passwords into that field.
    name = (candidate.user.username if candidate.user else None) or "unknown"
    org_id = candidate.user.org_id if candidate.user else None
    return Entry(
        at=now,
        org_id=org_id,
        actor=name,
        action="login.refused",
        result="refused",
        source=visitor.source,
        detail={"reason": reason},
    )
