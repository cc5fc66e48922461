"""A new email address that waits: confirmed or rejected by its owner, or by an administrator."""

from starlette.responses import Response

from gatepass.server.domain.sessions import step_up
from gatepass.server.domain.users import operations as people
from gatepass.server.domain.users import portal_users
from gatepass.server.domain.users.notices import operations as notices
from gatepass.server.domain.users.password_hashing import Steps
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages import accounts, team
from gatepass.server.portal.rendering import redirect, refused
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.errors import OAuthError

_CONFIRMED = "The new email address is confirmed."
_REJECTED = "The new email address is rejected."


def confirm_own(visit: PortalRequest) -> Response:
    """Confirm one's own new address."""
    return _decide_own(visit, confirmed=True)


def reject_own(visit: PortalRequest) -> Response:
    """Reject one's own new address."""
    return _decide_own(visit, confirmed=False)


def confirm(visit: PortalRequest) -> Steps[Response]:
    """Confirm somebody else's new address, with one's own current password."""
    return _decide(visit, confirmed=True)


def reject(visit: PortalRequest) -> Steps[Response]:
    """Reject somebody else's new address."""
    return _decide(visit, confirmed=False)


def dismiss(visit: PortalRequest) -> Response:
    """Remove a notice that its person has read."""
    notices.dismiss(visit.environment.context, visit.me.person.id, visit.ids["notice_id"])
    return redirect(visit, redirects.ACCOUNT)


def _decide_own(visit: PortalRequest, *, confirmed: bool) -> Response:
    me = visit.me.person
    decide = portal_users.confirm_email if confirmed else portal_users.reject_email
    try:
        decide(
            visit.environment.context, visit.actor, me.org_id, me.id, visit.form.get("email", "")
        )
    except OAuthError as refusal:
        context = accounts.whole(visit)
        return refused(visit, "account.html", refusal, **context, errors=errors_of(refusal))
    return redirect(visit, redirects.ACCOUNT, _CONFIRMED if confirmed else _REJECTED)


def _decide(visit: PortalRequest, *, confirmed: bool) -> Steps[Response]:
    environment, person_id = visit.environment, visit.ids["person_id"]
    person = people.find(environment.context, visit.org_id, person_id)
    if person.id == visit.me.person.id:
        raise OAuthError("invalid_request", "Your own address is on your account page.", status=409)
    try:
        if confirmed:
            secret = visit.secret("current_password")
            yield from step_up.check_password(
                environment.context, environment.hasher, visit.me, visit.visitor.source, secret
            )
        decide = portal_users.confirm_email if confirmed else portal_users.reject_email
        email = visit.form.get("email", "")
        decide(environment.context, visit.actor, visit.org_id, person_id, email)
    except OAuthError as refusal:
        return team.again(visit, refusal)
    return redirect(visit, team.address(person_id), _CONFIRMED if confirmed else _REJECTED)
