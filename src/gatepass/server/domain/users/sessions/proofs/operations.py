"""Whether the person of a session has just proved who they are."""

from datetime import timedelta

from gatepass.server.domain.context import Context
from gatepass.server.domain.users.sessions.operations import Login
from gatepass.server.domain.users.sessions.proofs import store


def is_fresh(context: Context, login: Login, within: timedelta) -> bool:
    """Return whether any method was used in this session `within` that time."""
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return False
        proofs = store.of_session(connection, login.session.id_digest)
    now = context.now()
    return any(now - at <= within for at in proofs.values())
