"""The page from which an application is copied: to a new one, or to where it is wanted."""

from starlette.responses import Response

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.copying import Source
from gatepass.server.portal import redirects
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages.application_keys import registration as first_method
from gatepass.server.portal.pages.applications.sub_pages import find_application
from gatepass.server.portal.pages.copying import form
from gatepass.server.portal.pages.copying.source import make_code
from gatepass.server.portal.rendering import page, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_TEMPLATE = "copy_application.html"
_FEW = 50  # applications to choose from in a list; of more, the client id is entered


def choose(request: PortalRequest) -> Response:
    """Show where the settings of an application can be copied to."""
    return page(request, _TEMPLATE, values={}, errors={}, **_context(request))


def register_here(request: PortalRequest) -> Response:
    """Register a new application with the settings of this one."""
    source, errors = Source(find_application(request), request.environment.name), Errors()
    done = form.register(request, source, errors)
    return done or _refused(
        request, OAuthError("invalid_request", Message("See the fields.")), errors
    )


def rerender(request: PortalRequest, refusal: OAuthError) -> Response:
    """Show the form with the error and the typed values."""
    return _refused(request, refusal, Errors(errors_of(refusal)))


def _refused(request: PortalRequest, refusal: OAuthError, errors: Errors) -> Response:
    values = first_method.without_private(request.typed(), errors)
    shown = {"values": values, "errors": errors}
    return rejected_form(request, _TEMPLATE, refusal, **_context(request), **shown)


def _context(request: PortalRequest) -> dict[str, object]:
    application, environment = find_application(request), request.environment
    names = operations.names(request.context, request.org_id)
    own = Source(application, environment.name)
    return {
        **form.context(request, own),
        "other_environment": environment.other.name if environment.other else "",
        "other_url": environment.other_url.rstrip("/") + redirects.COPY,
        "has_one_identity": environment.has_one_identity,
        "copy_code": "" if environment.has_one_identity else make_code(request, application),
        "has_others": len(names) > 1,
        "others": sorted(
            (name, client_id) for app_id, name, client_id in names if app_id != application.id
        )
        if len(names) <= _FEW
        else [],
    }
