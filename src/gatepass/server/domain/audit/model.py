"""What an entry of the audit trail says."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and from which address."""

    name: str
    source: str = ""
    org_id: UUID | None = None
    kind: Literal["person", "application", "operator"] = "person"
    operator: str = ""
    """Who of the operator's people; organizations do not see it."""
    claim: str = ""
    """Who they say they are, which nobody has checked."""

    @property
    def description(self) -> str:
        """Return who it is, as a notice says it to people."""
        if self.kind == "application":
            return f'the application "{self.name}"'
        return "the operator" if self.kind == "operator" else self.name


OF_OPERATOR = ("operator", "claim")
"""What the detail of an entry says of the operator's people, and organizations do not see."""
KEPT = timedelta(days=400)
"""How long an entry is kept."""
ERASURE = "audit.erased"
"""The action of the entry about an erasure; its detail says of how many `entries`."""
OPERATOR = Actor("operator", "command line", kind="operator")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted: all that every part allows; an empty part allows everything.

    `actions` are actions, or with a dot at the end all that begin so; `since` is the first moment
    and `until` the first one after.
    """

    actor: str = ""
    client_id: str = ""  # of the application that an entry is about
    actions: tuple[str, ...] = ()
    only_refused: bool = False
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done or refused; `action` is a dotted word as `application.rotated`.

    `detail` holds short texts for people, and never a secret, token or password.
    """

    at: datetime
    org_id: UUID | None
    actor: str
    action: str
    subject: str = ""
    result: str = "ok"
    source: str = ""
    detail: dict[str, str] = field(default_factory=dict)


def entry(
    by: Actor,
    now: datetime,
    action: str,
    subject: str,
    *,
    org_id: UUID | None = None,
    **detail: str,
) -> Entry:
    """Make the entry of something that `by` did."""
    who = {name: getattr(by, name) for name in OF_OPERATOR if getattr(by, name)}
    return Entry(
        now,
        org_id or by.org_id,
        by.name,
        action,
        subject,
        source=by.source,
        detail={**detail, **who},
    )
