"""The audit trail, as operators see it."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations import examples
from gatepass.server.admin.operations.model import (
    SECURITY,
    Call,
    Line,
    Moment,
    Operation,
    Page,
    Result,
    position_of,
)
from gatepass.server.domain.audit import store
from gatepass.server.domain.audit.model import Entry, Filter

AREA = "audit"


class AuditEntry(Result):
    """One thing that was done or refused."""

    number: int
    at: AwareDatetime
    org_id: UUID | None
    actor: str
    action: str
    subject: str
    result: str
    source: str
    detail: dict[str, str]

    @classmethod
    def of(cls, number: int, entry: Entry) -> "AuditEntry":
        """Return the entry with its number."""
        return cls(
            number=number,
            at=entry.at,
            org_id=entry.org_id,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            result=entry.result,
            source=entry.source,
            detail=entry.detail,
        )


class AuditEntries(Result):
    """A page of the audit trail."""

    items: list[AuditEntry]
    next_cursor: str | None


class WantedEntries(Page):
    """Which entries are wanted: those that every part allows."""

    org_id: Annotated[UUID | None, Field(description="of this organization")] = None
    actor: Annotated[Line, Field(description="username, `operator`, or application")] = ""
    client_id: Annotated[Line, Field(description="about this application")] = ""
    action: Annotated[
        Line, Field(description="as login; secret. is all of secrets; comma-separated for several")
    ] = ""
    refused: Annotated[bool, Field(description="only what was refused")] = False
    since: Annotated[Moment | None, Field(description="from then on")] = None
    until: Annotated[Moment | None, Field(description="before then")] = None


_MOST = 2**63 - 1


def read_number(text: str) -> int | None:
    """Return the number of a cursor, None for an empty text; raise ValueError for no cursor."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) > _MOST:
        raise ValueError("not a cursor")
    return int(text)


def chosen(wanted: WantedEntries) -> Filter:
    """Return what chooses these entries."""
    return Filter(
        wanted.actor,
        wanted.client_id,
        tuple(each.strip() for each in wanted.action.split(",") if each.strip()),
        wanted.refused,
        wanted.since,
        wanted.until,
    )


def _list(call: Call, wanted: WantedEntries) -> AuditEntries:
    with call.context.database.read() as connection:
        found = store.every(
            connection,
            org_id=wanted.org_id,
            before=position_of(wanted.cursor, read_number),
            limit=wanted.limit + 1,
            wanted=chosen(wanted),
        )
    shown = found[: wanted.limit]
    return AuditEntries(
        items=[AuditEntry.of(*each) for each in shown],
        next_cursor=str(shown[-1][0]) if len(found) > len(shown) else None,
    )


LIST = Operation(
    name="audit.list",
    area=AREA,
    roles=SECURITY,
    method="GET",
    path="/audit",
    input=WantedEntries,
    output=AuditEntries,
    run=_list,
    summary="Search the audit trail, the newest entry first.",
    example={"org_id": examples.ORGANIZATION_ID, "action": "application."},
    answer={
        "items": [
            {
                "number": 4711,
                "at": "2026-11-29T10:41:07Z",
                "org_id": examples.ORGANIZATION_ID,
                "actor": "operator",
                "action": "application.networks",
                "subject": "Billing",
                "result": "ok",
                "source": "192.0.2.10",
                "detail": {"client_id": examples.CLIENT_ID, "networks": "203.0.113.0/24"},
            }
        ],
        "next_cursor": "4711",
    },
)

OPERATIONS = (LIST,)
