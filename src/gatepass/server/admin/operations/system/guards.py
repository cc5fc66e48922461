"""The guards that follow the revocation feed: which, and how far behind each is."""

from uuid import UUID

from pydantic import AwareDatetime

from gatepass.server.admin.operations import examples
from gatepass.server.admin.operations.model import EITHER, Arguments, Call, Operation, Result
from gatepass.server.domain.revocations.followers import store as followers
from gatepass.server.domain.revocations.followers.model import Followed, State

MOST = 1000
_AREA = "system"


class Guard(Result):
    """A guard, as the feed knows it: an application at an address, with its User-Agent.

    The User-Agent of Gatepass's guard has its version and its host; the processes of a host are
    one guard, of which the latest request counts. `behind` is the number of changes that it had
    not read when it last asked; null while it reads everything. It is `silent` without a request
    for two minutes, and left out after seven days.
    """

    client_id: str
    application: str
    org_id: UUID
    source: str
    agent: str
    state: State
    behind: int | None
    first_seen_at: AwareDatetime
    last_seen_at: AwareDatetime


class Guards(Result):
    """The guards that asked last, the latest first; a thousand at most."""

    items: list[Guard]


def _list(call: Call, _: Arguments) -> Guards:
    database, now = call.context.database, call.context.now()
    with database.read() as connection:
        if not database.has(connection, followers.REVISION):
            return Guards(items=[])
        found = followers.latest(connection, MOST)
    return Guards(items=[_guard(each, each.state(now)) for each in found])


def _guard(found: Followed, state: State) -> Guard:
    return Guard(
        client_id=found.client_id,
        application=found.name,
        org_id=found.org_id,
        source=found.source,
        agent=found.agent,
        state=state,
        behind=found.behind,
        first_seen_at=found.first_at,
        last_seen_at=found.last_at,
    )


LIST = Operation(
    name="guard.list",
    area=_AREA,
    roles=EITHER,
    method="GET",
    path="/guards",
    input=Arguments,
    output=Guards,
    run=_list,
    summary="List the guards that follow the revocation feed, and how far behind each is.",
    answer={
        "items": [
            {
                "client_id": examples.CLIENT_ID,
                "application": "Meters API",
                "org_id": examples.ORGANIZATION_ID,
                "source": "192.0.2.10",
                "agent": "gatepass-guard/0.2.0 (api-1)",
                "state": "current",
                "behind": 0,
                "first_seen_at": "2026-11-02T08:30:00Z",
                "last_seen_at": "2026-11-29T10:41:05Z",
            }
        ]
    },
)

OPERATIONS = (LIST,)
