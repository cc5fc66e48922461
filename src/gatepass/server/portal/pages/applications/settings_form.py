"""What the settings page of an application shows."""

from collections.abc import Mapping

from gatepass.server.domain.applications.model import Application
from gatepass.server.portal.pages.applications.overview import settings_of
from gatepass.server.portal.pages.applications.scopes import choices, chosen_of
from gatepass.server.portal.request import PortalRequest


def context(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return what the page shows; the scopes as they were chosen, where that was refused."""
    catalogue = request.catalogue
    offered, secured = catalogue.offered, catalogue.password_scopes
    is_refused = request.path.endswith("/scope/")
    checked = chosen_of(request.form, offered) if is_refused else application.scope
    return {
        **settings_of(application),
        "scopes": choices(catalogue, offered, checked),
        "has_password_scope": any(name in application.scope for name in secured.names),
        "granted_scopes": choices(catalogue, application.scope.without(offered), offered),
    }
