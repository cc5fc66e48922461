"""The audit trail in parts: verified, exported with digests, and what it says of a person erased.

Each request does a bounded part, as a trail may have millions of entries.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from gatepass.jose.signing import SigningKey
from gatepass.server.admin.operations import examples
from gatepass.server.admin.operations.model import (
    OWNER,
    SECURITY,
    Arguments,
    Call,
    Effect,
    Line,
    Operation,
    Result,
    position_of,
)
from gatepass.server.admin.operations.system.audit import (
    AREA,
    AuditEntry,
    WantedEntries,
    chosen,
    read_number,
)
from gatepass.server.domain.audit import erasure, store
from gatepass.server.domain.audit.chain import anchors, verification
from gatepass.server.domain.audit.chain import store as chain
from gatepass.server.domain.audit.chain.anchors import Anchors, Trust
from gatepass.server.domain.keys import operations as keys
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.environment.environment import Environment
from gatepass.server.storage import deadline
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_MOST_FINDINGS = 100  # of a part; all are counted
_Number = Annotated[int, Field(ge=0, le=2**63 - 1)]
_OLD = "The tables are those of the version before, which have no chain: run gatepass migrate."


class Finding(Result):
    """Something that is wrong with an entry; of missing links, `number` is that of the first."""

    kind: Literal["changed", "missing", "reordered", "added", "checkpoint"]
    number: int
    what: str


class VerifiedPart(Result):
    """What the verification of a part found; `is_whole` says that nothing is wrong in it.

    `not_covered` counts entries from before the chain, `erased` those with erased fields.
    `findings` are the first 100 of `found`, which `counts` has by kind.
    """

    is_whole: bool
    first_link: int
    last_link: int
    entries: int
    erased: int
    not_covered: int
    checkpoints: int
    found: int
    counts: dict[str, int]
    findings: list[Finding]
    has_more: bool


class PartToVerify(Arguments):
    """Which part is verified: the first one, or the one after that of this `last_link`."""

    limit: Annotated[int, Field(ge=1, le=10_000, description="entries of a part, about")] = 5000
    after_link: Annotated[_Number | None, Field(description="`last_link` of the part before")] = (
        None
    )


class ExportedEntry(AuditEntry):
    """An entry with the digest of its link in the chain, which is null for one without a link."""

    link: str | None


class ExportedEntries(Result):
    """A part of the audit trail."""

    items: list[ExportedEntry]
    next_cursor: str | None


class WantedExport(WantedEntries):
    """Which entries are exported: those that every part allows, after the entry of the cursor."""

    limit: Annotated[int, Field(ge=1, le=1000, description="entries of a part")] = 500
    cursor: Annotated[
        str, Field(max_length=200, description="`next_cursor`, or the number of an entry")
    ] = ""


class PersonToErase(Arguments):
    """A person by every name they had, and which part of the trail is looked at."""

    names: Annotated[
        list[Line],
        Field(min_length=1, max_length=20, description="username, and each email address"),
    ]
    reason: Annotated[str, Field(max_length=200, description="for the audit trail")] = ""
    limit: Annotated[int, Field(ge=1, le=5000, description="entries that are looked at")] = 2000
    after: Annotated[_Number, Field(description="`last` of the part before")] = 0


class Erased(Result):
    """How many entries of the part no longer say who it was; `last` is the last one of it."""

    erased: int
    last: int | None


def anchors_of(environment: Environment, outside: Sequence[str] = ()) -> Anchors:
    """Return the checkpoints that an environment's chain is compared with."""
    kids = frozenset(
        SigningKey(key.purpose, key.secret).kid
        for key in keys.all_keys(environment.context)
        if key.purpose != "opaque"
    )
    trust = Trust(environment.issuer, environment.name, kids)
    with environment.database.read() as connection:
        kept = chain.all_checkpoints(connection)
    return anchors.gather(kept, outside, trust)


def _verify(call: Call, part: PartToVerify) -> VerifiedPart:
    database = call.context.database
    with deadline.each(deadline.COMMAND):
        with database.read() as connection:
            if not database.has(connection, chain.REVISION):
                raise OAuthError("temporarily_unavailable", _OLD)
        report, next_link = verification.verify_part(
            database,
            anchors_of(call.environment),
            call.context.now(),
            after=part.after_link,
            limit=part.limit,
        )
    return VerifiedPart(
        is_whole=report.is_whole,
        first_link=report.first,
        last_link=report.last,
        entries=report.entries,
        erased=report.erased,
        not_covered=report.not_covered,
        checkpoints=report.checkpoints,
        found=sum(report.counts.values()),
        counts=dict(report.counts),
        findings=[Finding.model_validate(each) for each in report.findings[:_MOST_FINDINGS]],
        has_more=next_link is not None,
    )


def _export(call: Call, wanted: WantedExport) -> ExportedEntries:
    after, database = position_of(wanted.cursor, read_number) or 0, call.context.database
    with database.read() as connection:
        found = store.every_after(
            connection,
            after,
            org_id=wanted.org_id,
            limit=wanted.limit + 1,
            wanted=chosen(wanted),
        )
        shown = found[: wanted.limit]
        has_chain = database.has(connection, chain.REVISION)
        links = chain.links_of(connection, [each for each, _ in shown]) if has_chain else {}
    digests = {number: link.digest.hex() for number, link in links.items()}
    return ExportedEntries(
        items=[
            ExportedEntry(**dict(AuditEntry.of(number, entry)), link=digests.get(number))
            for number, entry in shown
        ],
        next_cursor=str(shown[-1][0]) if len(found) > len(shown) else None,
    )


def _find(call: Call, person: PersonToErase) -> tuple[list[erasure.Erasable], int | None]:
    names = {each.strip() for each in person.names}
    if not all(each and each.isprintable() for each in names):
        raise InvalidField("names", Message("A name has printable characters."))
    if not person.reason.isprintable() and person.reason:
        raise InvalidField("reason", Message("Give one line of printable characters."))
    return erasure.find_part(call.context, names, person.after, person.limit)


def _erase(call: Call, person: PersonToErase) -> Erased:
    found, last = _find(call, person)
    erasure.erase(call.context, call.by, found, person.reason)
    return Erased(erased=len(found), last=last)


def _effect(call: Call, person: PersonToErase) -> Effect:
    number = len(_find(call, person)[0])
    return Effect(
        False,
        (
            Message.plural(
                "{count} entry of this part no longer says who it was.",
                "{count} entries of this part no longer say who it was.",
                number,
            ),
            Message("Backups, logs and exports are not changed."),
        ),
        {"entries": number},
    )


VERIFY = Operation(
    name="audit.verify",
    area=AREA,
    roles=SECURITY,
    method="GET",
    path="/audit/verification",
    input=PartToVerify,
    output=VerifiedPart,
    run=_verify,
    summary="Verify a part of the audit trail: whether it was changed, deleted, added to or moved.",
    description="The trail is whole if every part is, to the one that has no more after it. "
    "Checkpoints that left the server are compared by `gatepass audit verify --checkpoints`.",
    example={"limit": 5000},
    answer={
        "is_whole": True,
        "first_link": 0,
        "last_link": 4711,
        "entries": 4711,
        "erased": 3,
        "not_covered": 0,
        "checkpoints": 12,
        "found": 0,
        "counts": {},
        "findings": [],
        "has_more": False,
    },
)
EXPORT = Operation(
    name="audit.export",
    area=AREA,
    roles=SECURITY,
    method="GET",
    path="/audit/export",
    input=WantedExport,
    output=ExportedEntries,
    run=_export,
    summary="Read the audit trail, the oldest entry first, with the digests of its links.",
    description="To go on another day, give the number of the last entry as `cursor`.",
    example={"org_id": examples.ORGANIZATION_ID, "limit": 500},
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
                "link": "b6d8f4c2a09e1735d4c86b2fa1907e5d3c48b96a7f20e1d5c3b4a697880f1e2d",
            }
        ],
        "next_cursor": "4711",
    },
)
ERASE = Operation(
    name="audit.erase",
    area=AREA,
    roles=OWNER,
    method="POST",
    path="/audit/erasures",
    input=PersonToErase,
    output=Erased,
    run=_erase,
    summary="Erase what a part of the audit trail says of a person: who, from where, the details.",
    description="What was done stays, and the trail stays whole. Delete the person first, as what "
    "they do later is recorded as before. The names are recorded nowhere. Go on with "
    "`last` until it is null.",
    effect=_effect,
    example={"names": ["anna", "anna@acme.example"], "reason": "request 7"},
    answer={"erased": 12, "last": None},
)

OPERATIONS = (VERIFY, EXPORT, ERASE)
