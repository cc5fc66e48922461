"""Step-up: somebody who is logged in proves again who they are."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from gatepass.server.domain.audit import bounded
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, Entry, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import Limit, of_login, too_many
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.domain.users.sessions import store
from gatepass.server.domain.users.sessions.linked import store as linked
from gatepass.server.domain.users.sessions.model import new_id
from gatepass.server.domain.users.sessions.operations import Login
from gatepass.server.domain.users.sessions.proofs import store as proofs
from gatepass.server.domain.users.sessions.proofs.model import Method, is_fresh
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

MISSING = Message("Enter your current password.")
_WRONG = 400  # the status of a proof that was looked at
_ENDED = Message("Your session has ended meanwhile, and nothing was changed. Log in and try again.")

log = structlog.get_logger("gatepass.server")


def is_due(context: Context, login: Login, strongest: Method) -> bool:
    """Return whether the person must prove again who they are, by their strongest method."""
    return not is_fresh(
        _proofs_of(context, login), strongest, login.session.created_at, context.now()
    )


def succeed(context: Context, by: Actor, login: Login, method: Method) -> Login:
    """Record a proof that was right; return the login with a new session id (ASVS 7.2.4).

    What a session keeps to show once is lost, as only the old id decrypts it. Raises OAuthError
    (403) where the session has ended meanwhile.
    """
    session_id = new_id()
    digest = session_id.digest()
    with context.database.write() as connection:
        now = context.now()
        renewed = login.session._replace(
            id_digest=digest, last_seen_at=now, once=None, once_expires_at=None
        )
        store.add(connection, renewed)
        if context.database.has(connection, proofs.REVISION):
            proofs.move(connection, login.session.id_digest, digest)
            proofs.record(connection, digest, method, now)
        if context.database.has(connection, linked.REVISION):
            linked.move_handles(connection, login.session.id_digest, digest)
        if not store.end(connection, login.session.id_digest):
            raise OAuthError("invalid_request", _ENDED, log_detail="session ended", status=403)
        audit.record(connection, entry(by, now, "step_up", "", method=method))
    return login._replace(session_id=session_id, session=renewed)


def record_refusal(context: Context, by: Actor, method: Method, refusal: OAuthError) -> None:
    """Log and audit a proof that was wrong; one that had to wait was not looked at."""
    now, reason = context.now(), refusal.log_detail or "wrong"
    if context.log_limit.allow("step_up.refused", by.source, context.clock()):
        log.warning(
            "step_up.refused",
            environment=context.name,
            user=by.name,
            source=by.source,
            method=method,
            reason=reason,
        )
    if refusal.status == _WRONG:
        detail: dict[str, str] = {"method": method}
        record = Entry(now, by.org_id, by.name, "step_up.refused", "", "refused", by.source, detail)
        with context.database.write() as connection:
            bounded.record(connection, context.audit_limit, record)


def _proofs_of(context: Context, login: Login) -> Mapping[Method, datetime]:
    """Return the proofs of a session; one that the version before has opened, by a password."""
    with context.database.read() as connection:
        found = (
            proofs.of_session(connection, login.session.id_digest)
            if context.database.has(connection, proofs.REVISION)
            else {}
        )
    return found or {"password": login.session.created_at}


def check_password(
    context: Context, hasher: Hasher, login: Login, source: str, password: Secret
) -> Steps[None]:
    """Return where this is the current password of whose session it is.

    Raises InvalidField where it is not, and OAuthError (429) after too many wrong ones: they are
    counted as those of a login, per session. OAuthError (503) where too many passwords wait to be
    hashed; that try does not count.
    """
    if not password.value:
        raise InvalidField("current_password", MISSING)
    check_may_try(context, hasher, login, source)
    kept = login.user.password_hash
    try:
        is_right = yield lambda: hasher.verify(password, kept)
    except OAuthError:
        forget_try(context, login, source)
        raise
    if not is_right:
        raise InvalidField("current_password", Message("This is not your current password."))
    with context.database.write() as connection:
        limits.succeed(connection, _limits(login, source))


def check_may_try(context: Context, hasher: Hasher, login: Login, source: str) -> None:
    """Count a try at the current password within a session; raise OAuthError (429) after too many.

    Counted per session: somebody at an unlocked screen can guess only so often, and makes
    nobody wait at the login. Raises OAuthError (503) where too many passwords wait to be hashed.
    """
    hasher.pool.check()
    counted = _limits(login, source)
    with context.database.write() as connection:
        wait = limits.attempt(connection, counted, context.now())
    if wait:
        raise too_many(wait)


def forget_try(context: Context, login: Login, source: str) -> None:
    """Uncount a try that was never looked at, because the server was too busy."""
    with context.database.write() as connection:
        limits.take_back(connection, _limits(login, source))


def _limits(login: Login, source: str) -> tuple[Limit, ...]:
    return of_login(login.user.username or "", source, login.session.id_digest)
