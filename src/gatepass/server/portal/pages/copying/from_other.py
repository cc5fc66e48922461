"""A new application with the settings of one of the other environment."""

from starlette.responses import Response

from gatepass.server.domain.applications.copying import Source
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages.application_keys import registration as first_method
from gatepass.server.portal.pages.copying import form
from gatepass.server.portal.pages.copying.source import find_other, from_code, from_id
from gatepass.server.portal.rendering import page, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_TEMPLATE, _ENTER = "copy_from_other.html", "copy_enter.html"


def enter(request: PortalRequest) -> Response:
    """Show the application that `from` names, where one identity is for both; or ask for a code."""
    other = find_other(request)
    if "from" in request.query and request.environment.has_one_identity:
        source = from_id(request, request.query["from"])
        return page(request, _TEMPLATE, **_context(request, source), values={}, errors={})
    return page(request, _ENTER, other_environment=other.name, values={}, errors={})


def look(request: PortalRequest) -> Response:
    """Show the application that a copy code names."""
    try:
        source = from_code(request, request.form.get("copy_code", ""))
    except OAuthError as refusal:
        return _refused_code(request, refusal)
    return page(request, _TEMPLATE, **_context(request, source), values={}, errors={})


def register_from_other(request: PortalRequest) -> Response:
    """Register a new application with the settings of one of the other environment."""
    try:
        source, errors = _source(request), Errors()
    except OAuthError as refusal:
        return _refused_code(request, refusal)
    done = form.register(request, source, errors)
    return done or _refused(
        request, source, OAuthError("invalid_request", Message("See the fields.")), errors
    )


def rerender_from_other(request: PortalRequest, refusal: OAuthError) -> Response:
    """Show the form with the error and the typed values."""
    try:
        source = _source(request)
    except OAuthError as invalid:
        return _refused_code(request, refusal, invalid.message)
    return _refused(request, source, refusal, Errors(errors_of(refusal)))


def _source(request: PortalRequest) -> Source:
    """Return the application that a form names, by its id or by a code."""
    if request.environment.has_one_identity:
        return from_id(request, request.form.get("source_id", ""))
    return from_code(request, request.form.get("copy_code", ""))


def _refused(
    request: PortalRequest, source: Source, refusal: OAuthError, errors: Errors
) -> Response:
    values = first_method.without_private(request.typed(), errors)
    shown = {"values": values, "errors": errors}
    return rejected_form(request, _TEMPLATE, refusal, **_context(request, source), **shown)


def _refused_code(request: PortalRequest, refusal: OAuthError, say: str = "") -> Response:
    """Ask for a code again, with the status of a refusal, which may say something else of it."""
    return rejected_form(
        request,
        _ENTER,
        refusal,
        other_environment=find_other(request).name,
        values=request.typed(),
        errors={"copy_code": say or refusal.message},
    )


def _context(request: PortalRequest, source: Source) -> dict[str, object]:
    has_one_identity = request.environment.has_one_identity
    return {
        **form.context(request, source),
        "source_id": str(source.application.id) if has_one_identity else "",
        "copy_code": "" if has_one_identity else request.form.get("copy_code", ""),
    }
