"""What an account is connected with, and what that means for how its owner proves who they are."""

from gatepass.server.domain.context import Context
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.sessions.operations import Login
from gatepass.server.domain.users.sessions.proofs import store as proofs
from gatepass.server.domain.users.single_sign_on import enforcement, store
from gatepass.server.domain.users.single_sign_on.model import Identity


def connection_of(context: Context, user: User) -> Identity | None:
    """Return what somebody's account is connected with."""
    with context.database.read() as connection:
        has_tables = context.database.has(connection, store.REVISION)
        return store.identity_of(connection, user.id) if has_tables else None


def has_own_password(context: Context, user: User) -> bool:
    """Return whether somebody knows a password of their account."""
    with context.database.read() as connection:
        return enforcement.has_own_password(context.database, connection, user)


def is_required(context: Context, user: User) -> bool:
    """Return whether somebody can come through the provider alone."""
    with context.database.read() as connection:
        return enforcement.is_in_force(context.database, connection, user)


def proves_by_provider(context: Context, login: Login) -> bool:
    """Return whether somebody proves who they are by logging in at the provider again.

    That is who has come from there in this session, or has no password of their own.
    """
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return False
        provider = store.find(connection, login.user.org_id)
        identity = store.identity_of(connection, login.user.id)
        if provider is None or not provider.is_on:
            return False
        if identity is None or identity.issuer != provider.issuer:
            return False
        proved = proofs.of_session(connection, login.session.id_digest)
        has_password = enforcement.has_own_password(context.database, connection, login.user)
    return enforcement.came_by_single_sign_on(proved) or not has_password
