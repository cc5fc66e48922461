"""Applications: listed, searched, shown."""

from uuid import UUID

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.applications.model import (
    AREA,
    Application,
    Applications,
    ListedApplication,
    OneApplication,
    WantedApplications,
)
from gatepass.server.admin.operations.model import EITHER, Call, Operation, position_of
from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.listing.model import Sought
from gatepass.wire.scope import Scope

_LISTED = {
    name: examples.APPLICATION[name]
    for name in ("id", "client_id", "org_id", "name", "state", "created_at")
} | {"last_used_at": "2026-11-28T23:10:05Z", "last_used_from": "203.0.113.7"}


def _read_cursor(text: str) -> UUID | None:
    return UUID(text) if text else None


def _list(call: Call, wanted: WantedApplications) -> Applications:
    if wanted.org_id:
        partners.owner(call, wanted.org_id)
        excluded = None if call.on_machine else partners.operating(call)
    else:
        excluded = partners.operating(call)
    found, has_more = operations.search(
        call.context,
        Sought(wanted.org_id, wanted.search.strip(), wanted.state, excluded),
        after=position_of(wanted.cursor, _read_cursor),
        limit=wanted.limit,
    )
    return Applications(
        items=[ListedApplication.of(each) for each in found],
        next_cursor=found[-1].id.hex if has_more else None,
    )


def show(call: Call, one: OneApplication) -> Application:
    """Return an application as operators see it."""
    return Application.of(call, partners.application(call, one.client_id))


def grantable(call: Call) -> Scope:
    """Return the scopes that applications may get: on the machine those of the Admin API, too."""
    catalogue = call.environment.catalogue
    return catalogue.granted_on_machine if call.on_machine else catalogue.everything


LIST = Operation(
    name="application.list",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/applications",
    input=WantedApplications,
    output=Applications,
    run=_list,
    summary="List applications of all organizations or of one, or search them.",
    description="The order is that of their ids.",
    example={"org_id": examples.ORGANIZATION_ID, "search": "bill", "limit": 50},
    answer={"items": [_LISTED], "next_cursor": None},
)
SHOW = Operation(
    name="application.show",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/applications/{client_id}",
    input=OneApplication,
    output=Application,
    run=show,
    summary="Return one application; of its secrets only their last four characters.",
    example={"client_id": examples.CLIENT_ID},
    answer=examples.APPLICATION,
)

OPERATIONS = (LIST, SHOW)
