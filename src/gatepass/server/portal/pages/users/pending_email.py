"""A pending email address: confirmed or rejected by the user or an administrator."""

from starlette.responses import Response

from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users import portal_users
from gatepass.server.domain.users.links.model import InvalidLink
from gatepass.server.domain.users.notices import operations as notices
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.sessions import accounts, recovery
from gatepass.server.portal.pages.users import team
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_CONFIRMED = Message("The new email address is confirmed.")
_REJECTED = Message("The new email address is rejected.")


def send_link(request: PortalRequest) -> Response:
    """Mail the user a link that confirms their address."""
    try:
        email = portal_users.send_link(
            request.context, request.actor, request.org_id, request.user.id
        )
    except OAuthError as refusal:
        return _rerender_account(request, refusal)
    return redirect(
        request, redirects.ACCOUNT, Message("A link is on its way to {email}.", email=email)
    )


def link_form(request: PortalRequest) -> Response:
    """Show what a link confirms; only the form uses it up."""
    try:
        email = portal_users.find_link(request.context, request.user.id, request.token)
    except InvalidLink as invalid:
        return recovery.invalid_link(request, invalid)
    return page(request, "confirm_email.html", email=email, errors={})


def confirm_by_link(request: PortalRequest) -> Response:
    """Confirm the user's address by the link that was mailed to it."""
    try:
        portal_users.confirm_by_link(
            request.context, request.actor, request.org_id, request.user.id, request.token
        )
    except InvalidLink as invalid:
        return recovery.invalid_link(request, invalid)
    except OAuthError as refusal:
        return _rerender_account(request, refusal)
    return redirect(request, redirects.ACCOUNT, Message("Your email address is confirmed."))


def confirm_own(request: PortalRequest) -> Response:
    """Confirm the user's own new address."""
    return _decide_own(request, confirmed=True)


def reject_own(request: PortalRequest) -> Response:
    """Reject the user's own new address."""
    return _decide_own(request, confirmed=False)


def confirm(request: PortalRequest) -> Response:
    """Confirm another user's new address."""
    return _decide(request, confirmed=True)


def reject(request: PortalRequest) -> Response:
    """Reject another user's new address."""
    return _decide(request, confirmed=False)


def dismiss(request: PortalRequest) -> Response:
    """Remove a notice that the user has read."""
    notices.dismiss(request.context, request.user.id, request.ids["notice_id"])
    return redirect(request, redirects.ACCOUNT)


def _decide_own(request: PortalRequest, *, confirmed: bool) -> Response:
    decide = portal_users.confirm_email if confirmed else portal_users.reject_email
    try:
        email = request.form.get("email", "")
        decide(request.context, request.actor, request.org_id, request.user.id, email)
    except OAuthError as refusal:
        return _rerender_account(request, refusal)
    return redirect(request, redirects.ACCOUNT, _CONFIRMED if confirmed else _REJECTED)


def _rerender_account(request: PortalRequest, refusal: OAuthError) -> Response:
    context = accounts.page_context(request)
    return rejected_form(request, "account.html", refusal, **context, errors=errors_of(refusal))


def _decide(request: PortalRequest, *, confirmed: bool) -> Response:
    user_id = request.ids["user_id"]
    user = users.find(request.context, request.org_id, user_id)
    if user.id == request.user.id:
        raise OAuthError(
            "invalid_request", Message("Your own address is on your account page."), status=409
        )
    try:
        decide = portal_users.confirm_email if confirmed else portal_users.reject_email
        email = request.form.get("email", "")
        decide(request.context, request.actor, request.org_id, user_id, email)
    except OAuthError as refusal:
        return team.rerender(request, refusal)
    return redirect(request, team.address(user_id), _CONFIRMED if confirmed else _REJECTED)
