"""Automatic rotation of one application: turned on and off, seen, and undone."""

from collections.abc import Callable
from types import SimpleNamespace
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.applications.model import OVERLAPS, Application
from gatepass.server.domain.applications.secrets.automatic_rotation import operations
from gatepass.server.domain.applications.secrets.automatic_rotation.model import (
    OFFERED_OVERLAPS,
    Rotation,
    live_secrets,
    undoable,
)
from gatepass.server.portal.forms import automatic_rotation as form
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.applications import address, find_application
from gatepass.server.portal.rendering import page, redirect, rejected_form
from gatepass.server.portal.request import PortalRequest
from gatepass.wire.errors import OAuthError

_TEMPLATE = "application_automatic_rotation.html"


def show(request: PortalRequest) -> Response:
    """Show the setting and the last rotation."""
    return page(request, _TEMPLATE, **_page_context(request), errors={}, values={})


def configure(request: PortalRequest) -> Response:
    """Turn automatic rotation on or off, and set how often and with which overlap."""
    is_on = request.form.get(form.STATE) == form.ON
    return _change(
        request,
        lambda app_id: operations.configure(
            request.context, request.actor, app_id, request.org_id, form.parse(request.form)
        ),
        f"Automatic rotation is {'on' if is_on else 'off'}.",
        form.STATE,
    )


def undo(request: PortalRequest) -> Response:
    """Undo the last rotation, while the old secret is live."""
    return _change(
        request,
        lambda app_id: operations.undo(request.context, request.actor, app_id, request.org_id),
        "The rotation is undone: the old secret works as before, the new one is revoked. "
        "Automatic rotation is off.",
    )


def _change(
    request: PortalRequest, how: Callable[[UUID], None], done: str, field: str = ""
) -> Response:
    """Do it and redirect to the page; show an error there, with what was typed."""
    app_id = request.ids["app_id"]
    try:
        how(app_id)
    except OAuthError as refusal:
        return rejected_form(
            request,
            _TEMPLATE,
            refusal,
            **_page_context(request),
            errors=errors_of(refusal, field),
            values=request.typed(),
        )
    return redirect(request, f"{address(app_id)}automatic-rotation/", done)


def _page_context(request: PortalRequest) -> dict[str, object]:
    application = find_application(request)
    rotation = operations.find(request.context, application.id)
    return {
        "application": application,
        "rotation": _shown(application, rotation, request),
        "labels": form.LABELS,
        "overlaps": [(form.seconds(each), words) for each, words in OFFERED_OVERLAPS.items()],
        "may_change": request.may_change,
        "sends_mail": request.context.outbox.sends_mail,
        "docs_url": request.environment.docs_url,
    }


def _shown(application: Application, rotation: Rotation, request: PortalRequest) -> SimpleNamespace:
    now, setting = request.now, rotation.setting
    live = live_secrets(application, rotation, now)
    last = undoable(application, rotation, now)
    return SimpleNamespace(
        is_on=setting.is_on,
        days=setting.interval.days,
        overlap=OVERLAPS[setting.overlap],
        committed_at=rotation.committed_at,
        committed_from=rotation.committed_from,
        prepared=live.prepared.last_four if live.prepared else "",
        prepared_at=rotation.prepared_at,
        new=last.current.last_four if last and last.current else "",
        old=(last.previous[0].last_four or "imported") if last else "",
        old_expires_at=last.previous[0].expires_at if last else None,
        values=form.texts(setting),
    )
