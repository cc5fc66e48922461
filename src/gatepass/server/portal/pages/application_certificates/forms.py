"""The forms of an application's certificates: add one, or the subject of one, and remove it."""

from collections.abc import Callable

from starlette.responses import Response

from gatepass.server.domain.applications.keys.certificates import operations
from gatepass.server.domain.applications.keys.certificates.model import LONGEST_NAME
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.application_certificates.content import LABELS, MEMBERS, context
from gatepass.server.portal.pages.applications import sub_pages
from gatepass.server.portal.pages.applications.sub_pages import CERTIFICATES
from gatepass.server.portal.rendering import redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError


def add(request: PortalRequest) -> Response:
    """Add a certificate that was pasted."""
    name, text = request.form.get("certificate_name", ""), request.form.get("certificate", "")

    def add_it() -> None:
        operations.add(
            request.context,
            request.actor,
            request.ids["app_id"],
            request.org_id,
            name=name,
            text=text.encode(),
        )

    field = "certificate" if _is_name(name) else "certificate_name"
    return _added(request, add_it, field)


def add_subject(request: PortalRequest) -> Response:
    """Add the subject that certificates of an authority name."""
    form = request.form
    name, member = form.get("subject_name", ""), form.get("member", "")

    def add_it() -> None:
        operations.add_subject(
            request.context,
            request.actor,
            request.ids["app_id"],
            request.org_id,
            name=name,
            member=member,
            value=form.get("value", ""),
        )

    field = "value" if member in dict(MEMBERS) else "member"
    return _added(request, add_it, field if _is_name(name) else "subject_name")


def remove(request: PortalRequest) -> Response:
    """Remove a certificate, or the subject of one."""
    operations.remove(
        request.context,
        request.actor,
        request.ids["app_id"],
        request.ids["certificate_id"],
        request.org_id,
    )
    return redirect(request, _address(request), Message("The certificate is removed."))


def _added(request: PortalRequest, add_it: Callable[[], None], field: str) -> Response:
    try:
        add_it()
    except OAuthError as refusal:
        return rerender(request, refusal, field)
    return redirect(request, _address(request), Message("The certificate is added."))


def rerender(request: PortalRequest, refusal: OAuthError, field: str = "") -> Response:
    """Show the page with the error, and what was typed."""
    application = sub_pages.find_application(request)
    return rejected_form(
        request,
        CERTIFICATES.template,
        refusal,
        **sub_pages.navigation(request, application, CERTIFICATES),
        **context(request, application),
        labels=LABELS,
        errors=errors_of(refusal, field),
        values=request.typed(),
    )


def _is_name(name: str) -> bool:
    return 0 < len(name.strip()) <= LONGEST_NAME


def _address(request: PortalRequest) -> str:
    return sub_pages.address(request.ids["app_id"], CERTIFICATES)
