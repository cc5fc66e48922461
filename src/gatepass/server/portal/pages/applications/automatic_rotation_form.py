"""What the page of automatic rotation shows."""

from collections.abc import Mapping
from types import SimpleNamespace

from gatepass.server.domain.applications.model import OVERLAPS, Application
from gatepass.server.domain.applications.secrets.automatic_rotation import operations
from gatepass.server.domain.applications.secrets.automatic_rotation.model import (
    OFFERED_OVERLAPS,
    Rotation,
    live_secrets,
    undoable,
)
from gatepass.server.portal.forms import automatic_rotation as form
from gatepass.server.portal.request import PortalRequest


def context(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return the setting and the last rotation."""
    rotation = operations.find(request.context, application.id)
    return {
        "rotation": _shown(application, rotation, request),
        "overlaps": [(form.seconds(each), words) for each, words in OFFERED_OVERLAPS.items()],
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
