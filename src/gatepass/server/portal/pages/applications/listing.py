"""The list of applications."""

from starlette.responses import Response

from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.listing.model import PAGE, ListPage
from gatepass.server.portal.forms import list_filter
from gatepass.server.portal.forms.list_filter import ChosenList
from gatepass.server.portal.rendering import page
from gatepass.server.portal.request import PortalRequest

_FEW = 5  # applications, which nobody has to search


def index(request: PortalRequest) -> Response:
    """Show the organization's applications, those that the query asks for."""
    chosen = list_filter.parse(request.query)
    found = operations.list_page(request.context, request.org_id, chosen.wanted)
    return page(
        request,
        "applications.html",
        may_register=request.may_register,
        **list_context(chosen, found),
    )


def list_context(chosen: ChosenList, found: ListPage) -> dict[str, object]:
    """Return what the list shows."""
    first = (found.number - 1) * PAGE + 1
    return {
        "applications": found.applications,
        "total": found.total,
        "first": first,
        "last": first + len(found.applications) - 1,
        "previous": chosen.query(found.number - 1) if found.number > 1 else "",
        "next": chosen.query(found.number + 1) if found.number < found.last else "",
        "has_search": chosen.is_filtered or found.total > _FEW,
        "is_filtered": chosen.is_filtered,
        "values": chosen.values,
        "states": list_filter.STATES,
        "orders": list_filter.ORDERS,
    }
