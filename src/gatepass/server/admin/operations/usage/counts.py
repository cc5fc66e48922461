"""How many tokens programs were issued, and how many of their requests were refused."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.applications.model import OneApplication
from gatepass.server.admin.operations.model import EITHER, Arguments, Call, Operation, Result
from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.model import DAY, HOUR, ISSUED, SpanCount

AREA = "usage"
Period = Literal["24h", "7d", "90d"]


class _Spans(NamedTuple):
    """A period in spans of so many seconds."""

    size: int
    number: int

    def start(self, now: datetime) -> datetime:
        """Return the start of the first span; the last one is still growing."""
        last = int(now.timestamp()) // self.size * self.size
        return datetime.fromtimestamp(last - (self.number - 1) * self.size, UTC)


_PERIODS: dict[Period, _Spans] = {
    "24h": _Spans(HOUR, 24),
    "7d": _Spans(DAY, 7),
    "90d": _Spans(DAY, 90),
}
_PERIOD = Field(description="by hour for 24h, else by day (UTC)")
_ANSWER = {"items": [{"start": "2026-11-29T07:00:00Z", "issued": 1204, "refused": 40}]}


class Span(Result):
    """How many tokens were issued, and how many requests refused, from a moment on."""

    start: AwareDatetime
    issued: int
    refused: int


class Usage(Result):
    """Hours or days, the oldest first; those without a request are left out."""

    items: list[Span]


class UsageOfApplication(OneApplication):
    """An application, and a period."""

    period: Annotated[Period, _PERIOD] = "24h"


class UsageOfOrganization(Arguments):
    """An organization, and a period."""

    org_id: UUID
    period: Annotated[Period, _PERIOD] = "24h"


def _usage(call: Call, of: UsageOfApplication) -> Usage:
    found, spans = partners.application(call, of.client_id), _PERIODS[of.period]
    with call.context.database.read() as connection:
        since = spans.start(call.context.now())
        return _spans(store.series(connection, found.id, since, spans.size))


def _usage_of_organization(call: Call, of: UsageOfOrganization) -> Usage:
    found, spans = partners.organization(call, of.org_id), _PERIODS[of.period]
    with call.context.database.read() as connection:
        since = spans.start(call.context.now())
        return _spans(store.series_of_organization(connection, found.id, since, spans.size))


def _spans(counts: Iterable[SpanCount]) -> Usage:
    issued: dict[datetime, int] = {}
    refused: dict[datetime, int] = {}
    for each in counts:
        kind = issued if each.what == ISSUED else refused
        kind[each.start] = kind.get(each.start, 0) + each.times
    return Usage(
        items=[
            Span(start=start, issued=issued.get(start, 0), refused=refused.get(start, 0))
            for start in sorted({*issued, *refused})
        ]
    )


OF_APPLICATION = Operation(
    name="application.usage",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/applications/{client_id}/usage",
    input=UsageOfApplication,
    output=Usage,
    run=_usage,
    summary="Return how many tokens an application got, and how many requests were refused.",
    example={"client_id": examples.CLIENT_ID, "period": "24h"},
    answer=_ANSWER,
)
OF_ORGANIZATION = Operation(
    name="organization.usage",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/organizations/{org_id}/usage",
    input=UsageOfOrganization,
    output=Usage,
    run=_usage_of_organization,
    summary="Return the usage of all applications of an organization together.",
    example={"org_id": examples.ORGANIZATION_ID, "period": "7d"},
    answer=_ANSWER,
)

OPERATIONS = (OF_APPLICATION, OF_ORGANIZATION)
