"""The activity of one application."""

from collections.abc import Mapping
from dataclasses import replace

from gatepass.server.domain.applications.model import Application
from gatepass.server.portal.forms import activity_filter
from gatepass.server.portal.pages import activity
from gatepass.server.portal.request import PortalRequest


def context(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return the entries about the application, newest first."""
    chosen = activity_filter.parse({})
    about = replace(chosen.wanted, client_id=application.client_id)
    return activity.entries(request, chosen._replace(wanted=about))
