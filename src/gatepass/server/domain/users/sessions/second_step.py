"""The second step of a login: a factor beside the right password, or a passkey in place of both."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import structlog

from gatepass.server.domain.audit import bounded
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.factors import checks
from gatepass.server.domain.users.factors import store as factors
from gatepass.server.domain.users.factors.checks import Claimant, PasskeyAnswer, Proof
from gatepass.server.domain.users.factors.model import Factors
from gatepass.server.domain.users.factors.store import PendingLogin
from gatepass.server.domain.users.model import InvalidField, User
from gatepass.server.domain.users.sessions import store
from gatepass.server.domain.users.sessions.model import new_id
from gatepass.server.domain.users.sessions.opening import LoggedIn, open_session
from gatepass.server.domain.users.sessions.operations import Visitor
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

log = structlog.get_logger("gatepass.server")

LIFETIME = timedelta(minutes=10)
SUSPENDED = Message(
    "Your organization is suspended: nobody of it can log in, and its applications get no tokens. "
    "Ask your account manager."
)


class SecondStep(NamedTuple):
    """A login whose password was right, and that waits for a factor; its id is for a cookie."""

    login_id: Secret
    user: User


class Waiting(NamedTuple):
    """Whose login waits for a second step, and by what they can take it."""

    digest: bytes
    user: User
    factors: Factors


class ExpiredLoginError(OAuthError):
    """A login that waited for its second step for too long, or whose account has changed."""

    def __init__(self) -> None:
        super().__init__(
            "invalid_request",
            Message("The login took too long, or the account has changed. Log in again."),
            log_detail="no login waits for a second step",
        )


def begin(context: Context, connection: Connection, user: User, now: datetime) -> SecondStep | None:
    """Begin the second step of somebody whose password was right; None where they have no factor.

    In the caller's transaction. On the tables of the version before nobody has one.
    """
    if not context.database.has(connection, factors.REVISION):
        return None
    if not factors.has_any(connection, user.id):
        return None
    login_id = new_id()
    new = PendingLogin(login_id.digest(), user.id, _password_digest(user), now + LIFETIME)
    factors.add_pending(connection, new)
    return SecondStep(login_id, user)


def find(context: Context, login_id: Secret | None) -> Waiting:
    """Return the login that waits under this id; raise ExpiredLoginError where none does."""
    with context.database.read() as connection:
        return _find(context, connection, login_id)


def finish(context: Context, visitor: Visitor, login_id: Secret | None, proof: Proof) -> LoggedIn:
    """Open the session of a login whose second step is right.

    Raises ExpiredLoginError, InvalidField for a wrong proof, and OAuthError (429) after too many.
    """
    waiting = find(context, login_id)
    claimant = Claimant(waiting.user, visitor.source, _own_device(context, visitor, waiting.user))
    counted = checks.count_try(context, claimant)
    try:
        with context.database.write() as connection:
            now = context.now()
            waiting = _find(context, connection, login_id)
            method = checks.verify(context, connection, claimant, proof, now)
            checks.forget_tries(connection, counted)
            factors.end_pending(connection, waiting.digest)
            user = waiting.user
            return open_session(context, connection, visitor, user, ["password", method], now)
    except InvalidField as refusal:
        _record_refused(context, visitor, waiting.user, "wrong second factor")
        _log_refused(context, visitor, refusal)
        raise


def log_in_with_passkey(context: Context, visitor: Visitor, proof: PasskeyAnswer) -> LoggedIn:
    """Open a session for somebody who has proved by a passkey alone who they are.

    Raises InvalidField where the passkey is not accepted or its owner is disabled, and OAuthError
    where the organization is suspended.
    """
    with context.database.read() as connection:
        has_factors = context.database.has(connection, factors.REVISION)
    if not has_factors:
        raise InvalidField("", checks.REFUSED)
    with context.database.write() as connection:
        try:
            user, passkey, asserted = checks.find_owner(context, connection, proof)
        except InvalidField as refusal:
            _log_refused(context, visitor, refusal)
            raise
        if _may_log_in(connection, user):
            now = context.now()
            claimant = Claimant(user, visitor.source, None)
            checks.record_assertion(context, connection, claimant, passkey, asserted, now)
            return open_session(context, connection, visitor, user, ["passkey"], now)
        organization = organizations.find(connection, user.org_id)
    _record_refused(context, visitor, user, "disabled or suspended")
    if organization and organization.suspended_at:
        raise OAuthError("invalid_request", SUSPENDED, log_detail="organization suspended")
    raise InvalidField("", checks.REFUSED)


def _find(context: Context, connection: Connection, login_id: Secret | None) -> Waiting:
    """Return the login that waits, if the account is as it was when the password was right."""
    if login_id is None or not context.database.has(connection, factors.REVISION):
        raise ExpiredLoginError
    found = factors.find_pending(connection, login_id.digest(), context.now())
    user = users.find(connection, found.user_id) if found else None
    if found is None or user is None or found.password_digest != _password_digest(user):
        raise ExpiredLoginError
    if not _may_log_in(connection, user):
        raise ExpiredLoginError
    return Waiting(found.digest, user, factors.of_user(connection, user.id))


def _may_log_in(connection: Connection, user: User) -> bool:
    organization = organizations.find(connection, user.org_id)
    is_active = user.password_hash is not None and user.disabled_at is None
    return is_active and organization is not None and not organization.suspended_at


def _password_digest(user: User) -> bytes:
    """Return what changes with the password, so that a changed one ends the second step."""
    return sha256((user.password_hash or "").encode()).digest()


def _own_device(context: Context, visitor: Visitor, user: User) -> bytes | None:
    """Return the browser's digest, if this person has logged in with it before."""
    if visitor.device is None:
        return None
    with context.database.read() as connection:
        owner = store.owner_of_device(connection, visitor.device.digest())
    return visitor.device.digest() if owner == user.username else None


def _log_refused(context: Context, visitor: Visitor, refusal: InvalidField) -> None:
    """Log why a passkey was not accepted, which its page does not say."""
    source = visitor.source
    if refusal.log_detail and context.log_limit.allow("passkey.refused", source, context.clock()):
        reason = refusal.log_detail
        log.warning("passkey.refused", environment=context.name, source=source, reason=reason)


def _record_refused(context: Context, visitor: Visitor, user: User, reason: str) -> None:
    with context.database.write() as connection:
        entry = Entry(
            at=context.now(),
            org_id=user.org_id,
            actor=user.username or "",
            action="login.refused",
            result="refused",
            source=visitor.source,
            detail={"reason": reason},
        )
        bounded.record(connection, context.audit_limit, entry)
