"""A forgotten password: the request for links, and what a link that was mailed leads to."""

from collections.abc import Mapping

import structlog
from starlette.responses import Response

from gatepass.server.domain.users.links import recovery
from gatepass.server.domain.users.links.model import InvalidLink
from gatepass.server.domain.users.passwords import passwords
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.portal import cookies, redirects, rendering
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages.sessions.accounts import NOT_REPEATED
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

WRONG = OAuthError("invalid_request", Message("See the fields."))

log = structlog.get_logger("gatepass.server")


def form(request: PortalRequest) -> Response:
    """Show the form that asks for an address, or without mail whom to ask."""
    return with_device(request, _page(request, {}))


def request_links(request: PortalRequest) -> Response:
    """Write the request down; the page and its time are the same for every address."""
    address = request.form.get("email", "")
    if not request.sends_mail:
        return form(request)
    try:
        recovery.request(request.context, request.visitor.source, address)
    except OAuthError as refusal:
        shown = {
            "sends_mail": True,
            "sent_to": "",
            "values": request.typed(),
            "errors": errors_of(refusal),
        }
        return with_device(request, rejected_form(request, "recover.html", refusal, **shown))
    return _page(request, {}, sent_to=address.strip())


def password_form(request: PortalRequest) -> Response:
    """Show the form for a new password; only sending it uses up the link."""
    try:
        found = recovery.find(request.context, request.token)
    except InvalidLink as invalid:
        return invalid_link(request, invalid)
    return with_device(request, page(request, "recover_password.html", found=found, errors={}))


def set_password(request: PortalRequest) -> Steps[Response]:
    """Set the new password; the login follows, as a link alone logs nobody in."""
    new = request.secret("new_password")
    try:
        found = recovery.find(request.context, request.token)
        errors = wrong_passwords(request, recovery.own_names(found))
        if errors:
            return _rerender(request, found, WRONG, errors)
        try:
            yield from recovery.set_password(
                request.context,
                request.environment.hasher,
                request.visitor.source,
                request.token,
                new,
            )
        except InvalidLink:
            raise
        except OAuthError as refusal:
            return _rerender(request, found, refusal, errors_of(refusal))
    except InvalidLink as invalid:
        return invalid_link(request, invalid)
    return redirect(request, f"{redirects.LOGIN}?done=password")


def wrong_passwords(request: PortalRequest, own_names: tuple[str | None, ...]) -> Errors:
    """Return what is wrong with a new password and its repetition."""
    errors, new = Errors(), request.secret("new_password")
    errors.check("new_password", lambda: passwords.check(new, own_names))
    if new != request.secret("new_password_again"):
        errors["new_password_again"] = NOT_REPEATED
    return errors


def invalid_link(request: PortalRequest, invalid: InvalidLink) -> Response:
    """Return the one page of every link that does not work, whatever the reason."""
    context, source = request.context, request.visitor.source
    if context.log_limit.allow("link.refused", source, context.clock()):
        purpose = request.path.split("/")[2]
        log.warning("link.refused", environment=context.name, purpose=purpose, source=source)
    return rendering.error(
        request,
        invalid.status,
        title=Message("This link does not work"),
        say=Message(
            "It was used already, it has expired, a newer one was sent, or it is of another "
            "account or environment."
        ),
        todo=Message(
            "Use the newest mail. If that does not help: for a forgotten password ask for another "
            "link, for an invitation ask whoever invited you, and send the link for an email "
            "address again from your account page."
        ),
        link_url=redirects.LOGIN,
        link_text=Message("Go to the login"),
    )


def with_device(request: PortalRequest, response: Response) -> Response:
    """Set the browser's id, which the token of a form depends on before a login."""
    if request.login is None and request.visitor.device:
        cookies.set_device(response, request.environment, request.visitor.device)
    return response


def _page(request: PortalRequest, values: Mapping[str, str], sent_to: str = "") -> Response:
    return page(
        request,
        "recover.html",
        sends_mail=request.sends_mail,
        sent_to=sent_to,
        values=values,
        errors={},
    )


def _rerender(
    request: PortalRequest,
    found: recovery.Recoverable,
    refusal: OAuthError,
    errors: Mapping[str, str],
) -> Response:
    shown = rejected_form(request, "recover_password.html", refusal, found=found, errors=errors)
    return with_device(request, shown)
