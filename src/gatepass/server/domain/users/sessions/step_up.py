"""Step-up: somebody who is logged in proves again that they know their password."""

from gatepass.server.domain.context import Context
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import of_login
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.domain.users.passwords import Hasher
from gatepass.server.domain.users.sessions.operations import Login, check_may_try, forget_try
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret


def check_password(
    context: Context, hasher: Hasher, login: Login, source: str, password: Secret
) -> Steps[None]:
    """Return where this is the current password of whose session it is.

    Raises InvalidField where it is not, and OAuthError (429) after too many wrong ones: they are
    counted as those of a login, per session. OAuthError (503) where too many passwords wait to be
    hashed; that try does not count.
    """
    if not password.value:
        raise InvalidField("current_password", "Enter your current password.")
    check_may_try(context, hasher, login, source)
    kept = login.user.password_hash
    try:
        is_right = yield lambda: hasher.verify(password, kept)
    except OAuthError:
        forget_try(context, login, source)
        raise
    if not is_right:
        raise InvalidField("current_password", "This is not your current password.")
    counted = of_login(login.user.username or "", source, login.session.id_digest)
    with context.database.write() as connection:
        limits.succeed(connection, counted)
