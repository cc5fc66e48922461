"""The pages that add a passkey or an authenticator app."""

import io

from markupsafe import Markup
from starlette.responses import Response

from gatepass.server.domain.users.factors import operations, totp
from gatepass.server.domain.users.factors.operations import Setup
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.factors import recovery_codes
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_ADDED = Message("{name} is added, and your other sessions have ended.")


def passkey_form(request: PortalRequest) -> Response:
    """Show the form for a new passkey."""
    operations.check_available(request.context)
    return page(request, "factor_passkey.html", **_passkey_context(request), errors={}, values={})


def add_passkey(request: PortalRequest) -> Response:
    """Add the passkey that the browser has made."""
    operations.check_available(request.context)
    name = request.form.get("name", "")
    try:
        operations.add_passkey(
            request.context,
            request.actor,
            request.current_login,
            request.environment.relying_party,
            name,
            request.form.get("credential", ""),
            recovery_codes.keeper(request),
        )
    except OAuthError as refusal:
        return rejected_form(
            request,
            "factor_passkey.html",
            refusal,
            **_passkey_context(request),
            errors=errors_of(refusal),
            values=request.typed(),
        )
    return _added(request, name)


def app_form(request: PortalRequest) -> Response:
    """Show the secret of a new authenticator app, as QR code and as text."""
    operations.check_available(request.context)
    setup = operations.begin_app(request.context, request.current_login)
    return page(request, "factor_app.html", **_app_context(request, setup), errors={}, values={})


def add_app(request: PortalRequest) -> Response:
    """Add an authenticator app that shows the right code; else show the same secret again."""
    operations.check_available(request.context)
    context, login = request.context, request.current_login
    name = request.form.get("name", "")
    try:
        setup = operations.read_setup(context, login, request.form.get("setup", ""))
    except InvalidField as refusal:
        return _rerender_app(request, operations.begin_app(context, login), refusal)
    try:
        operations.add_app(
            context,
            request.actor,
            login,
            setup,
            name,
            request.secret("code"),
            recovery_codes.keeper(request),
        )
    except OAuthError as refusal:
        return _rerender_app(request, setup, refusal)
    return _added(request, name)


def qr_code(text: str) -> Markup:
    """Return a text as a QR code in SVG, dark on light whatever the colours of the page."""
    import segno  # loaded late: seldom needed

    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=3, light="#fff"
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - segno's own marks, without the text


def _rerender_app(request: PortalRequest, setup: Setup, refusal: OAuthError) -> Response:
    errors = errors_of(refusal)
    if "setup" in errors:  # a hidden field: said for the page as a whole
        errors = {"": errors["setup"]}
    return rejected_form(
        request,
        "factor_app.html",
        refusal,
        **_app_context(request, setup),
        errors=errors,
        values=request.typed(),
    )


def _added(request: PortalRequest, name: str) -> Response:
    """Lead to the recovery codes that came with the first factor, else to the page of factors."""
    flash = _ADDED.with_values(name=name.strip())
    return redirect(request, recovery_codes.PATH, flash)


def _passkey_context(request: PortalRequest) -> dict[str, object]:
    party = request.environment.relying_party
    options = ""
    if not party.why_not:
        options = operations.begin_passkey(request.context, request.current_login, party)
    return {"party": party, "passkey_options": options}


def _app_context(request: PortalRequest, setup: Setup) -> dict[str, object]:
    issuer = request.environment.relying_party.name
    uri = totp.key_uri(setup.secret, issuer, request.user.username or "")
    return {
        "setup": setup.encrypted,
        "key": totp.key_text(setup.secret),
        "qr_code": qr_code(uri),
    }
