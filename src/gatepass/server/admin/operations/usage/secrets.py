"""From where secrets were used."""

from uuid import UUID

from pydantic import AwareDatetime

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.applications.model import OneApplication
from gatepass.server.admin.operations.model import (
    EITHER,
    Call,
    Operation,
    Result,
)
from gatepass.server.domain.applications.secrets import operations as secrets

AREA = "usage"


class LastUse(Result):
    """When, from where, and by which program a secret was used last from an address."""

    ends_with: str | None
    last_used_at: AwareDatetime
    source: str
    program: str


class UseOfSecret(Result):
    """When and from where a secret that works was used last."""

    id: UUID
    last_used_at: AwareDatetime | None
    last_used_from: str | None


class Uses(Result):
    """From where an application's secrets were used in the last 90 days, the last first.

    `secrets` are those that work now.
    """

    last_used_at: AwareDatetime | None
    last_used_from: str | None
    items: list[LastUse]
    secrets: list[UseOfSecret]


def _uses(call: Call, one: OneApplication) -> Uses:
    found = partners.application(call, one.client_id)
    live = [
        LastUse(
            ends_with=each.last_four or None,
            last_used_at=each.last_used_at,
            source=each.last_used_from or "",
            program=each.last_used_agent or "",
        )
        for each in found.secrets
        if each.last_used_at
    ]
    past = [
        LastUse(
            ends_with=each.last_four or None,
            last_used_at=each.at,
            source=each.source,
            program=each.agent,
        )
        for each in secrets.past_uses(call.context, found, call.context.now())
    ]
    return Uses(
        last_used_at=found.last_used_at,
        last_used_from=found.last_used_from,
        items=sorted({*live, *past}, key=lambda each: each.last_used_at, reverse=True),
        secrets=[
            UseOfSecret(
                id=each.id, last_used_at=each.last_used_at, last_used_from=each.last_used_from
            )
            for each in found.live_secrets(call.context.now())
        ],
    )


USES = Operation(
    name="application.uses",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/applications/{client_id}/uses",
    input=OneApplication,
    output=Uses,
    run=_uses,
    summary="Return when and from where an application's secrets were used in the last 90 days.",
    example={"client_id": examples.CLIENT_ID},
    answer={
        "last_used_at": "2026-11-28T23:10:05Z",
        "last_used_from": "203.0.113.7",
        "items": [
            {
                "ends_with": "x4Qz",
                "last_used_at": "2026-11-28T23:10:05Z",
                "source": "203.0.113.7",
                "program": "python-httpx2/1.0",
            }
        ],
        "secrets": [
            {
                "id": examples.SECRET_ID,
                "last_used_at": "2026-11-28T23:10:05Z",
                "last_used_from": "203.0.113.7",
            }
        ],
    },
)
OPERATIONS = (USES,)
