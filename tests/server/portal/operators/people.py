"""Operators of a portal: olga owns, mara manages accounts, stan is security, nico has no role."""

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.initial_passwords import InitialPassword
from gatepass.server.domain.users.operators import operations
from gatepass.server.domain.users.operators.model import (
    Operator,
    OperatorRole,
    Roles,
    check_roles,
)
from gatepass.server.domain.users.sessions import policies
from gatepass.wire.credential import Mode
from gatepass.wire.secret import Secret
from server.portal.fixtures import PASSWORD, PortalServer

NAMES: dict[str, OperatorRole | None] = {
    "olga": "owner",
    "mara": "account_manager",
    "stan": "security",
    "nico": None,
}


def add_operator(portal: PortalServer, username: str, roles: Roles) -> Operator:
    """Add an operator, who has the initial password PASSWORD."""
    context = portal.environment.context
    hashed = portal.environment.hasher.hash(Secret(PASSWORD))
    added, _ = operations.add(
        context,
        OPERATOR,
        None,
        username=username,
        email=f"{username}@operator.example",
        roles=roles,
        initial=InitialPassword(Secret(PASSWORD), hashed),
        organization="The Operator",
    )
    return added


def with_own_password(portal: PortalServer, username: str) -> None:
    """Spare somebody the change of the initial password."""
    with portal.environment.database.write() as connection:
        users.change(connection, portal.person(username).id, {"must_change_password": False})


def leave_factor_open(portal: PortalServer) -> None:
    """Let operators log in with a password alone."""
    environment = portal.environment
    policies.change(
        environment.context,
        environment.session_settings,
        OPERATOR,
        operations.find_organization(environment.context).id,
        {"second_factor": None},
    )


def add_operators(portal: PortalServer) -> None:
    """Add one operator of each role, and one without any, who log in with a password alone."""
    for username, role in NAMES.items():
        added = add_operator(portal, username, check_roles([role or "security"], Mode))
        with_own_password(portal, username)
        if role is None:
            nothing: Roles = dict.fromkeys(Mode, frozenset())
            operations.set_roles(portal.environment.context, OPERATOR, None, added.user.id, nothing)
    leave_factor_open(portal)
