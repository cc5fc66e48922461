"""Invitations of an organization: listed, mailed, mailed again, revoked."""

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.model import ACCOUNT_MANAGER, EITHER, Call, Nothing, Operation
from gatepass.server.admin.operations.people.model import (
    AREA,
    Invitation,
    Invitations,
    InvitationsOf,
    NewInvitation,
    OneInvitation,
)
from gatepass.server.domain.users.invitations import operations

_ORGANIZATION = {"org_id": examples.ORGANIZATION_ID}
_ONE = {**_ORGANIZATION, "invitation_id": examples.INVITATION_ID}


def _list(call: Call, of: InvitationsOf) -> Invitations:
    partners.organization(call, of.org_id)
    found = operations.of_organization(call.context, of.org_id)
    return Invitations(items=[Invitation.of(each) for each in found])


def _create(call: Call, new: NewInvitation) -> Invitation:
    partners.organization(call, new.org_id)
    return Invitation.of(operations.invite(call.context, call.by, new.org_id, new.email, new.role))


def _resend(call: Call, one: OneInvitation) -> Invitation:
    partners.organization(call, one.org_id)
    return Invitation.of(operations.resend(call.context, call.by, one.org_id, one.invitation_id))


def _revoke(call: Call, one: OneInvitation) -> Nothing:
    partners.organization(call, one.org_id)
    operations.revoke(call.context, call.by, one.org_id, one.invitation_id)
    return Nothing()


LIST = Operation(
    name="invitation.list",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/organizations/{org_id}/invitations",
    input=InvitationsOf,
    output=Invitations,
    run=_list,
    summary="List the invitations that were not accepted, the newest first.",
    example=_ORGANIZATION,
    answer={"items": [examples.INVITATION]},
)
CREATE = Operation(
    name="invitation.create",
    area=AREA,
    roles=ACCOUNT_MANAGER,
    method="POST",
    path="/organizations/{org_id}/invitations",
    input=NewInvitation,
    output=Invitation,
    run=_create,
    summary="Invite somebody to an organization by mail.",
    description="The mail has a link that works for seven days. Where the server sends no mail "
    "this is refused: add the person with an initial password.",
    status=201,
    example={**_ORGANIZATION, "email": "bert@acme.example", "role": "staff"},
    answer=examples.INVITATION,
)
RESEND = Operation(
    name="invitation.resend",
    area=AREA,
    roles=ACCOUNT_MANAGER,
    method="POST",
    path="/organizations/{org_id}/invitations/{invitation_id}/resend",
    input=OneInvitation,
    output=Invitation,
    run=_resend,
    summary="Mail an invitation again, for another seven days; the older link stops working.",
    example=_ONE,
    answer=examples.INVITATION,
)
REVOKE = Operation(
    name="invitation.revoke",
    area=AREA,
    roles=ACCOUNT_MANAGER,
    method="DELETE",
    path="/organizations/{org_id}/invitations/{invitation_id}",
    input=OneInvitation,
    output=Nothing,
    run=_revoke,
    summary="Revoke an invitation: its link stops working.",
    example=_ONE,
)

OPERATIONS = (LIST, CREATE, RESEND, REVOKE)
