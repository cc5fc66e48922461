"""Invitations: sent and revoked by administrators, accepted by whoever has the mailed link."""

from collections.abc import Mapping

from starlette.responses import Response

from gatepass.server.domain.users.invitations import operations
from gatepass.server.domain.users.links.model import InvalidLink
from gatepass.server.domain.users.model import check_email, check_role, check_username
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages.sessions.recovery import (
    WRONG,
    invalid_link,
    with_device,
    wrong_passwords,
)
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_BY_HAND = f"{redirects.TEAM}add/"


def form(request: PortalRequest) -> Response:
    """Show the form that invites somebody; without mail, the one for an initial password."""
    if not request.sends_mail:
        return redirect(request, _BY_HAND)
    return page(request, "invite.html", values={}, errors={})


def invite(request: PortalRequest) -> Response:
    """Invite an address; a form sent twice invites once."""
    errors = Errors()
    email, role = request.form.get("email", ""), request.form.get("role", "")
    errors.check("email", lambda: check_email(email))
    errors.check("role", lambda: check_role(role))
    if errors:
        return rerender(request, WRONG, errors)
    try:
        made = operations.invite(
            request.context, request.actor, request.org_id, email, role, request.creation_id()
        )
    except OAuthError as refusal:
        return rerender(request, refusal)
    return redirect(
        request,
        redirects.TEAM,
        Message("The invitation is on its way to {email}.", email=made.email),
    )


def rerender(
    request: PortalRequest, refusal: OAuthError, errors: Mapping[str, str] | None = None
) -> Response:
    """Show the form again, with the errors and the typed values."""
    errors = errors or errors_of(refusal)
    return rejected_form(request, "invite.html", refusal, values=request.typed(), errors=errors)


def resend(request: PortalRequest) -> Response:
    """Mail an invitation again; its older link stops working."""
    found = operations.resend(
        request.context, request.actor, request.org_id, request.ids["invitation_id"]
    )
    return redirect(
        request,
        redirects.TEAM,
        Message("A new invitation is on its way to {email}.", email=found.email),
    )


def revoke(request: PortalRequest) -> Response:
    """Revoke an invitation."""
    found = operations.revoke(
        request.context, request.actor, request.org_id, request.ids["invitation_id"]
    )
    return redirect(
        request, redirects.TEAM, Message("The invitation of {email} is revoked.", email=found.email)
    )


def acceptance_form(request: PortalRequest) -> Response:
    """Show what somebody is invited to; only sending the form uses up the link."""
    try:
        found = operations.find(request.context, request.token)
    except InvalidLink as invalid:
        return invalid_link(request, invalid)
    return with_device(request, page(request, "invitation.html", found=found, values={}, errors={}))


def accept(request: PortalRequest) -> Steps[Response]:
    """Make the account with the chosen username and password; the login follows."""
    username, password = request.form.get("username", ""), request.secret("new_password")
    try:
        found = operations.find(request.context, request.token)
        errors = _wrong_fields(request, found, username)
        if errors:
            return _rerender_acceptance(request, found, WRONG, errors)
        try:
            yield from operations.accept(
                request.context,
                request.environment.hasher,
                request.visitor.source,
                request.token,
                username,
                password,
            )
        except InvalidLink:
            raise
        except OAuthError as refusal:
            return _rerender_acceptance(request, found, refusal, errors_of(refusal))
    except InvalidLink as invalid:
        return invalid_link(request, invalid)
    return redirect(request, f"{redirects.LOGIN}?done=invitation")


def _wrong_fields(request: PortalRequest, found: operations.Invited, username: str) -> Errors:
    errors = Errors()
    errors.check("username", lambda: check_username(username))
    names = (username, found.invitation.email, found.organization.name)
    return Errors({**errors, **wrong_passwords(request, names)})


def _rerender_acceptance(
    request: PortalRequest,
    found: operations.Invited,
    refusal: OAuthError,
    errors: Mapping[str, str],
) -> Response:
    values = request.typed()
    shown = rejected_form(
        request, "invitation.html", refusal, found=found, values=values, errors=errors
    )
    return with_device(request, shown)
