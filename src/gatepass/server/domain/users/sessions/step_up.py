"""Step-up: somebody who is logged in proves again that they know their password."""

from gatepass.server.domain.context import Context
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import Limit, of_login, too_many
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.domain.users.passwords import Hasher
from gatepass.server.domain.users.sessions.operations import Login
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

MISSING = "Enter your current password."


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
        raise InvalidField("current_password", "This is not your current password.")
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
