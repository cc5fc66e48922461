"""What the settings page of an application shows."""

import json
from collections.abc import Mapping

from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.values import texts_of
from gatepass.server.domain.applications.model import Application
from gatepass.server.portal.pages.applications.overview import settings_of
from gatepass.server.portal.pages.applications.scopes import choices, chosen_of
from gatepass.server.portal.request import PortalRequest


def seen(request: PortalRequest) -> dict[str, str] | None:
    """Return the values that the form was made with; None where it does not say so."""
    try:
        found = json.loads(request.form.get("seen", ""))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {name: text for name, text in found.items() if isinstance(text, str)}


def context(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return what the page shows; the scopes as they were chosen, where that was refused."""
    catalogue = request.catalogue
    offered, secured = catalogue.offered, catalogue.password_scopes
    is_refused = request.path.endswith("/scope/")
    checked = chosen_of(request.form, offered) if is_refused else application.scope
    shown = settings_of(application)
    stored = texts_of(application)
    return {
        **shown,
        "seen": {
            group.path: json.dumps({field.name: stored[field.name] for field in group.fields})
            for group in table.GROUPS
        },
        "scopes": choices(catalogue, offered, checked),
        "has_password_scope": any(name in application.scope for name in secured.names),
        "granted_scopes": choices(catalogue, application.scope.without(offered), offered),
    }
