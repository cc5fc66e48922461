"""Whose password does not log them in, as their organization demands single sign-on.

Every question is also answered on the tables of the version before, which have no providers.
"""

from collections.abc import Mapping
from datetime import datetime

from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.users.model import InvalidField, User
from gatepass.server.domain.users.sessions.proofs.model import Method
from gatepass.server.domain.users.single_sign_on import store
from gatepass.server.storage.database import Connection, Database
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

REASON = "single sign-on is required"
EMERGENCY = Message(
    "This is the administrator whose password works in an emergency, when the OpenID provider is "
    "away. Choose somebody else for that on the page of single sign-on first."
)


class SingleSignOnRequired(OAuthError):
    """A right password that logs nobody in: the person must come from the provider."""

    def __init__(self, user: User) -> None:
        super().__init__(
            "invalid_request",
            Message("Your organization logs in through its own provider."),
            log_detail=REASON,
        )
        self.user = user


def is_in_force(database: Database, connection: Connection, user: User) -> bool:
    """Return whether somebody can come through their organization's provider alone.

    It must be turned on there, so that a policy locks nobody out before; the emergency
    administrator keeps their password.
    """
    if not database.has(connection, store.REVISION):
        return False
    provider = store.find(connection, user.org_id)
    if provider is None or not provider.is_on or provider.emergency_id == user.id:
        return False
    policy = policies.find_in_force(database, connection, user.org_id)
    return policy.single_sign_on == "required"


def is_emergency_administrator(database: Database, connection: Connection, user: User) -> bool:
    """Return whether somebody's password is the way in when the provider is away."""
    if not database.has(connection, store.REVISION):
        return False
    provider = store.find(connection, user.org_id)
    return provider is not None and provider.is_on and provider.emergency_id == user.id


def check_not_emergency_administrator(
    database: Database, connection: Connection, user: User
) -> None:
    """Raise InvalidField where somebody must stay an administrator who can log in."""
    if is_emergency_administrator(database, connection, user):
        raise InvalidField("role", EMERGENCY, taken=True)


def has_own_password(database: Database, connection: Connection, user: User) -> bool:
    """Return whether somebody knows a password of their account.

    Who arrived from the provider has the hash of no password, until they recover the account.
    """
    if user.password_hash is None:
        return False
    if not database.has(connection, store.REVISION) or user.password_changed_at:
        return True
    identity = store.identity_of(connection, user.id)
    return identity is None or not identity.has_arrived or user.initial_password_at is not None


def came_by_single_sign_on(proofs: Mapping[Method, datetime]) -> bool:
    """Return whether the person of a session came from the provider.

    A second factor that a policy demands is then the provider's business.
    """
    return "single_sign_on" in proofs
