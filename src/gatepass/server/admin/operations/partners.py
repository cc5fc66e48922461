"""Finds what belongs to partners: each operation looks its object up here first.

What belongs to the operator is not in reach of operations, except of commands on the server's
machine. Otherwise a program of the operator could get the secret of another one, and with it scopes
that nobody gave it.
"""

from uuid import UUID

from gatepass.server.admin.operations.model import Call
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.model import User
from gatepass.server.storage.errors import NotFoundError


def organization(call: Call, org_id: UUID) -> Organization:
    """Return an organization; raise NotFoundError for none, and for the operating one."""
    return organizations.find(call.context, org_id)


def owner(call: Call, org_id: UUID) -> Organization:
    """Return an organization, on the machine also the operating one; raise NotFoundError."""
    if call.on_machine:
        return organizations.find_any(call.context, org_id)
    return organization(call, org_id)


def person(call: Call, user_id: UUID) -> User:
    """Return somebody who logs in to the portal; raise NotFoundError for anybody else."""
    found = users.find_by_id(call.context, user_id)
    if found is None or not found.has_portal_access:
        raise NotFoundError(str(user_id))
    owner(call, found.org_id)
    return found


def application(call: Call, client_id: str) -> Application:
    """Return an application by its client id or its own; raise NotFoundError for none.

    Such a one is also one of the operator, except on the machine.
    """
    found = applications.find_by_client_id(call.context, client_id)
    if found is None:
        found = applications.find(call.context, _own_id(client_id), None)
    owner(call, found.org_id)
    return found


def _own_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(text) from None


def operating(call: Call) -> UUID | None:
    """Return the id of the operating organization, None where there is none."""
    return organizations.find_operating(call.context)
