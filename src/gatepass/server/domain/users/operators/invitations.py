"""Operators who are invited by mail: their roles wait with the invitation."""

from uuid import UUID, uuid4

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.users.invitations import operations as invitations
from gatepass.server.domain.users.invitations import store as invitation_store
from gatepass.server.domain.users.invitations.model import Invitation
from gatepass.server.domain.users.operators import store
from gatepass.server.domain.users.operators.model import Operator, Roles, portal_role
from gatepass.server.domain.users.operators.operations import check_granter, open_organization
from gatepass.server.storage.errors import NotFoundError


def invite(
    context: Context,
    by: Actor,
    granter: Operator | None,
    *,
    email: str,
    roles: Roles,
    organization: str,
    invitation_id: UUID | None = None,
) -> Invitation:
    """Invite an address by mail to become an operator with these roles.

    Raises InvalidField where it is invited already or no mail is sent, and OAuthError (403) for a
    role that the granter may not give.
    """
    with context.database.write() as connection:
        check_granter(context, connection, granter, {}, roles)
        own = open_organization(context, connection, by, roles, organization, context.now())
        new = invitations.add(
            context, connection, by, own, email, portal_role(roles), invitation_id or uuid4()
        )
        store.add_roles_of_invitation(connection, new.id, roles)
    return new


def list_all(context: Context) -> list[tuple[Invitation, Roles]]:
    """Return the invitations of operators that were not accepted, with the roles they give."""
    org_id = organizations.find_operating(context)
    if org_id is None:
        return []
    found = invitations.of_organization(context, org_id)
    with context.database.read() as connection:
        return [
            (each, store.roles_of_invitation(context.database, connection, each.id))
            for each in found
        ]


def find(context: Context, invitation_id: UUID) -> Invitation:
    """Return an invitation of an operator; raise NotFoundError for any other."""
    for each, _ in list_all(context):
        if each.id == invitation_id:
            return each
    raise NotFoundError(str(invitation_id))


def resend(context: Context, by: Actor, granter: Operator | None, email: str) -> Invitation:
    """Mail the invitation of an address again, for another seven days; raises as `revoke` does."""
    found = _find_to_manage(context, granter, email)
    return invitations.resend(context, by, found.org_id, found.id)


def revoke(context: Context, by: Actor, granter: Operator | None, email: str) -> Invitation:
    """Delete the invitation of an address: its link stops working.

    Raises NotFoundError where there is none, and OAuthError (403) where it gives a role in an
    environment that the granter does not own.
    """
    found = _find_to_manage(context, granter, email)
    return invitations.revoke(context, by, found.org_id, found.id)


def _find_to_manage(context: Context, granter: Operator | None, email: str) -> Invitation:
    org_id = organizations.find_operating(context)
    with context.database.read() as connection:
        found = invitation_store.find_by_email(connection, org_id, email) if org_id else None
        if found is None or org_id is None:
            raise NotFoundError(f"An invitation of {email}")
        roles = store.roles_of_invitation(context.database, connection, found.id)
        check_granter(context, connection, granter, roles, {})
    return found
