"""From where secrets were used, and which end soon."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.applications.model import OneApplication
from gatepass.server.admin.operations.model import (
    EITHER,
    Call,
    Operation,
    Page,
    Result,
    position_of,
)
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.domain.applications.secrets.expiry_notices import store as expiry
from gatepass.server.domain.applications.secrets.expiry_notices.model import ExpiringSecret

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


class WantedExpiring(Page):
    """Secrets that end soon: of whom, and how soon."""

    org_id: Annotated[UUID | None, Field(description="only those of this organization")] = None
    days: Annotated[int, Field(ge=1, le=90, description="end within so many days")] = 30


class Expiring(Result):
    """The newest secret of an application, which ends soon."""

    client_id: str
    org_id: UUID
    name: str
    contact: str
    secret_id: UUID
    ends_with: str | None
    expires_at: AwareDatetime


class ExpiringSecrets(Result):
    """A page of secrets that end soon and that no newer one replaces, the next to end first."""

    items: list[Expiring]
    next_cursor: str | None


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


def _read_cursor(text: str) -> tuple[int, UUID] | None:
    if not text:
        return None
    at, _, secret_id = text.partition("-")
    return int(at), UUID(secret_id)


def _expiring(call: Call, wanted: WantedExpiring) -> ExpiringSecrets:
    if wanted.org_id:
        partners.organization(call, wanted.org_id)
    after = position_of(wanted.cursor, _read_cursor)
    database = call.context.database
    with database.read() as connection:
        if not database.has(connection, expiry.REVISION):
            return ExpiringSecrets(items=[], next_cursor=None)
        every = expiry.expiring(
            database,
            connection,
            call.context.now(),
            org_id=wanted.org_id,
            within=timedelta(days=wanted.days),
        )
    operating = partners.operating(call)
    ordered = sorted((_position(each), each) for each in every if each.org_id != operating)
    rest = [each for position, each in ordered if after is None or position > after]
    found = rest[: wanted.limit]
    cursor = None
    if len(rest) > len(found):
        at, secret_id = _position(found[-1])
        cursor = f"{at}-{secret_id.hex}"
    items = [
        Expiring(
            client_id=each.client_id,
            org_id=each.org_id,
            name=each.name,
            contact=each.contact,
            secret_id=each.secret_id,
            ends_with=each.last_four or None,
            expires_at=each.expires_at,
        )
        for each in found
    ]
    return ExpiringSecrets(items=items, next_cursor=cursor)


def _position(each: ExpiringSecret) -> tuple[int, UUID]:
    return round(each.expires_at.timestamp() * 1000), each.secret_id


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
EXPIRING = Operation(
    name="secret.expiring",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/expiring-secrets",
    input=WantedExpiring,
    output=ExpiringSecrets,
    run=_expiring,
    summary="List the secrets that end soon and that no newer one replaces, the next one first.",
    example={"days": 30},
    answer={
        "items": [
            {
                "client_id": examples.CLIENT_ID,
                "org_id": examples.ORGANIZATION_ID,
                "name": "Billing",
                "contact": "ops@acme.example",
                "secret_id": examples.SECRET_ID,
                "ends_with": "x4Qz",
                "expires_at": "2026-12-10T00:00:00Z",
            }
        ],
        "next_cursor": None,
    },
)

OPERATIONS = (USES, EXPIRING)
