"""The pages of one application: which there are, and the way back to the page of a form."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.catalogue import admin_scopes
from gatepass.server.portal import redirects
from gatepass.server.portal.access import Access
from gatepass.server.portal.forms import automatic_rotation
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.application_certificates import content as certificates_page
from gatepass.server.portal.pages.application_keys import content as keys_page
from gatepass.server.portal.pages.application_keys import methods as methods_page
from gatepass.server.portal.pages.applications import (
    application_activity,
    automatic_rotation_form,
    live_secrets,
    overview,
    settings_form,
    usage,
)
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.credential import ENVIRONMENTS, Mode
from gatepass.wire.errors import OAuthError

_LABELS = {
    **{field.name: field.label for group in table.GROUPS for field in group.fields},
    "overlap": Message("Overlap"),
    "confirm": Message("Name to confirm"),
    "secret_end": Message("End of the secret"),
    **automatic_rotation.LABELS,
}


_LACKING = Message(
    "It reaches an environment that you do not own, so you cannot change it. Ask an owner of each "
    "environment that it reaches."
)
Returned = TypeVar("Returned")


class SubPage(NamedTuple):
    """A page below an application's address, which is that of the first one.

    `forms` are the last parts of the paths of its forms. One without words is not in the
    navigation.
    """

    path: str
    words: str
    template: str
    context: Callable[[PortalRequest, Application], Mapping[str, object]]
    forms: frozenset[str] = frozenset()
    access: Access = Access.STAFF

    def show(self, request: PortalRequest) -> Response:
        """Show the page."""
        return page(request, self.template, **_context(request, self), values={}, errors={})


def _nothing(_request: PortalRequest, _application: Application) -> Mapping[str, object]:
    return {}


OVERVIEW = SubPage(
    "",
    Message("Overview"),
    "application/overview.html",
    overview.context,
    frozenset({"test-token"}),
)
CREDENTIALS = SubPage(
    "credentials/",
    Message("Credentials"),
    "application/credentials.html",
    live_secrets.credentials,
    frozenset({"end", "expiry", "leaked"}),
)
ROTATION = SubPage(
    "rotation/",
    "",
    "application/rotation.html",
    live_secrets.rotation_page,
    frozenset({"rotate"}),
    Access.ADMIN,
)
AUTOMATIC_ROTATION = SubPage(
    "automatic-rotation/",
    "",
    "application/automatic_rotation.html",
    automatic_rotation_form.context,
    frozenset({"automatic-rotation", "undo"}),
)
KEYS = SubPage(
    "keys/",
    "",
    "application/keys.html",
    keys_page.context,
)
CERTIFICATES = SubPage(
    "certificates/",
    "",
    "application/certificates.html",
    certificates_page.context,
)
METHODS = SubPage(
    "methods/",
    "",
    "application/methods.html",
    methods_page.context,
    frozenset({"revoke-secrets"}),
)
SETTINGS = SubPage(
    "settings/",
    Message("Settings"),
    "application/settings.html",
    settings_form.context,
    frozenset(group.path.removesuffix("/") for group in table.GROUPS),
    Access.ADMIN,
)
DANGER_ZONE = SubPage(
    "danger/",
    Message("Danger zone"),
    "application/danger.html",
    _nothing,
    frozenset({"void", "enable", "disable", "delete"}),
    Access.ADMIN,
)
SUB_PAGES = (
    OVERVIEW,
    CREDENTIALS,
    ROTATION,
    AUTOMATIC_ROTATION,
    KEYS,
    CERTIFICATES,
    METHODS,
    SubPage("guide/", "", "application/guide.html", overview.guide_page),
    SubPage("uses/", "", "application/uses.html", live_secrets.uses),
    SubPage("usage/", Message("Usage"), "application/usage.html", usage.context),
    SubPage("refusals/", Message("Refusals"), "application/refusals.html", usage.refusals),
    SETTINGS,
    SubPage(
        "activity/",
        Message("Activity"),
        "application/activity.html",
        application_activity.context,
        access=Access.ADMIN,
    ),
    DANGER_ZONE,
)


def of_owner(form: Callable[[PortalRequest], Returned]) -> Callable[[PortalRequest], Returned]:
    """Return the page function of a form that changes an application, with a check before it.

    A program of the operator that calls the Admin API is changed by owners of each environment
    that it reaches: who sees its secret acts with it.
    """

    def checked(request: PortalRequest) -> Returned:
        if request.operator:
            check_owner(request, find_application(request))
        return form(request)

    return checked


def check_owner(request: PortalRequest, application: Application) -> None:
    """Raise OAuthError (403) where an operator lacks an environment that an application reaches."""
    operator = request.operator
    reached = admin_scopes.environments_of(application.scope.names)
    if operator and any(
        ENVIRONMENTS[mode] in reached and not operator.is_owner(mode) for mode in Mode
    ):
        raise OAuthError("invalid_request", _LACKING, log_detail="no owner", status=403)


def find_application(request: PortalRequest) -> Application:
    """Return the application of the path; raise NotFoundError if it is not the organization's."""
    return operations.find(request.context, request.ids["app_id"], request.org_id)


def address(app_id: UUID, sub_page: SubPage = OVERVIEW) -> str:
    """Return the path of an application's page."""
    return f"{redirects.APPLICATIONS}{app_id}/{sub_page.path}"


def of_form(path: str) -> SubPage:
    """Return the page on which the form with this path is."""
    last = path.rstrip("/").rpartition("/")[2]
    return next((each for each in SUB_PAGES if last in each.forms), OVERVIEW)


def rerender(request: PortalRequest, refusal: OAuthError, field: str) -> Response:
    """Show the page of a form with the error beside the field, and the typed values."""
    sub_page = of_form(request.path)
    return rejected_form(
        request,
        sub_page.template,
        refusal,
        **_context(request, sub_page),
        errors=errors_of(refusal, field),
        values=request.typed(),
    )


def change(
    request: PortalRequest, how: Callable[[UUID], None], done: str, field: str = ""
) -> Response:
    """Change the application and redirect to the form's page; show an error beside the field."""
    app_id = request.ids["app_id"]
    try:
        how(app_id)
    except OAuthError as refusal:
        return rerender(request, refusal, field)
    return redirect(request, address(app_id, of_form(request.path)), done)


def navigation(
    request: PortalRequest, application: Application, current: SubPage
) -> dict[str, object]:
    """Return what every page of an application shows around its content."""
    sees = {Access.STAFF, Access.ADMIN} if request.may_change else {Access.STAFF}
    return {
        "application": application,
        "here": address(application.id),
        "may_change": request.may_change,
        "tabs": [
            (each.path, each.words, each is current)
            for each in SUB_PAGES
            if each.words and each.access in sees
        ],
    }


def _context(request: PortalRequest, sub_page: SubPage) -> dict[str, object]:
    application = find_application(request)
    of_secrets = {
        f"{what}_{each.id}": Message("End of the secret")
        for each in application.live_secrets(request.now)
        for what in ("end", "leaked")
    }
    return {
        "labels": _LABELS | of_secrets,
        **navigation(request, application, sub_page),
        **sub_page.context(request, application),
    }
