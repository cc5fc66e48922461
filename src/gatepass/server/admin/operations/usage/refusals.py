"""Why requests were refused, in words."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.applications.model import OneApplication
from gatepass.server.admin.operations.model import (
    EITHER,
    LARGEST_PAGE,
    Arguments,
    Call,
    Operation,
    Result,
)
from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.model import Kind, Refusal
from gatepass.server.domain.usage.overview import store as overview
from gatepass.server.domain.usage.refusal_reasons import REASONS
from gatepass.translation.message import Message

AREA = "usage"
_ANSWER = {
    "items": [
        {
            "client_id": examples.CLIENT_ID,
            "application": "Billing",
            "reason": "network",
            "why": str(REASONS["network"].words),
            "words": "Network not allowed from 198.51.100.9, 40 times since 2026-11-29 09:12 UTC",
            "to_do": str(REASONS["network"].todo),
            "source": "198.51.100.9",
            "program": "python-httpx2/1.0",
            "times": 40,
            "first_at": "2026-11-29T09:12:03Z",
            "last_at": "2026-11-29T10:40:11Z",
        }
    ]
}


class Refused(Result):
    """Equal refusals of a day: why, from where, how often, in numbers and in words."""

    client_id: str
    application: str
    reason: str
    why: str
    words: str
    to_do: str
    source: str
    program: str
    times: int
    first_at: AwareDatetime
    last_at: AwareDatetime


class Refusals(Result):
    """Refusals, the newest first."""

    items: list[Refused]


class RefusalsOfOrganization(Arguments):
    """An organization, and how many refusals are wanted."""

    org_id: UUID
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50


def _refusals(call: Call, one: OneApplication) -> Refusals:
    found = partners.application(call, one.client_id)
    with call.context.database.read() as connection:
        recent = store.recent(connection, found.id)
    return Refusals(items=[_refused(each, found.client_id, found.name) for each in recent])


def _refusals_of_organization(call: Call, of: RefusalsOfOrganization) -> Refusals:
    partners.organization(call, of.org_id)
    with call.context.database.read() as connection:
        recent = overview.recent_of_organization(connection, of.org_id, of.limit)
    return Refusals(items=[_refused(*each) for each in recent])


def in_words(refusal: Refusal) -> Message:
    """Return refusals in words, as "Wrong secret from 203.0.113.7, 40 times since 9:12"."""
    reason = REASONS.get(refusal.kind.reason, REASONS["other"]).words
    return Message.plural(
        "{reason} from {source}, {count} time, at {since}",
        "{reason} from {source}, {count} times since {since}",
        refusal.times,
        reason=reason,
        source=refusal.kind.source,
        since=refusal.first_at,
    )


def _why(kind: Kind) -> str:
    words = kind.note or str(REASONS.get(kind.reason, REASONS["other"]).words)
    return words[:1].upper() + words[1:]


def _refused(refusal: Refusal, client_id: str, name: str) -> Refused:
    kind = refusal.kind
    return Refused(
        client_id=client_id,
        application=name,
        reason=kind.reason,
        why=_why(kind),
        words=str(in_words(refusal)),
        to_do=str(REASONS.get(kind.reason, REASONS["other"]).todo),
        source=kind.source,
        program=kind.agent,
        times=refusal.times,
        first_at=refusal.first_at,
        last_at=refusal.at,
    )


OF_APPLICATION = Operation(
    name="application.refusals",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/applications/{client_id}/refusals",
    input=OneApplication,
    output=Refusals,
    run=_refusals,
    summary="Return which requests of an application were refused lately, why, and what to do.",
    example={"client_id": examples.CLIENT_ID},
    answer=_ANSWER,
)
OF_ORGANIZATION = Operation(
    name="organization.refusals",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/organizations/{org_id}/refusals",
    input=RefusalsOfOrganization,
    output=Refusals,
    run=_refusals_of_organization,
    summary="Return which requests of an organization's applications were refused lately, and why.",
    example={"org_id": examples.ORGANIZATION_ID, "limit": 50},
    answer=_ANSWER,
)

OPERATIONS = (OF_APPLICATION, OF_ORGANIZATION)
