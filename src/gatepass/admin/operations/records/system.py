"""What these operations return.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gatepass.admin.records import Items, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Key(Record):
    """A key, without the key itself; `state` is what it is used for, in words."""

    id: int
    purpose: str
    kid: str | None
    state: str
    created_at: datetime
    active_from: datetime
    verifies_until: datetime | None
    age_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys(Items[Key]):
    """All keys of an environment, the oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry(Record):
    """One thing that was done or refused."""

    number: int
    at: datetime
    org_id: UUID | None
    actor: str
    action: str
    subject: str
    result: str
    source: str
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Record):
    """Something that is wrong with an entry; of missing links, `number` is that of the first."""

    kind: str
    number: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPart(Record):
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
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedEntry(Record):
    """An entry with the digest of its link in the chain, which is null for one without a link."""

    number: int
    at: datetime
    org_id: UUID | None
    actor: str
    action: str
    subject: str
    result: str
    source: str
    detail: Mapping[str, str]
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased(Record):
    """How many entries of the part no longer say who it was; `last` is the last one of it."""

    erased: int
    last: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail(Record):
    """A mail, without what it says."""

    id: int
    kind: str
    address: str
    state: str
    created_at: datetime
    attempts: int
    next_attempt_at: datetime | None
    sent_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried(Record):
    """How many mails are sent again."""

    retried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard(Record):
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
    state: str
    behind: int | None
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards(Items[Guard]):
    """The guards that asked last, the latest first; a thousand at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed(Record):
    """The change feed of this environment, as the process that answers knows it.

    `lag_seconds` is how long ago memory was last known to be right. `waiting_guards` are the long
    polls of guards that wait for the next revocation at this process.
    """

    position: int
    lag_seconds: float
    waiting_guards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem(Record):
    """Something that is wrong; where it `stops` the server, it serves no tokens."""

    name: str
    text: str
    stops: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(Record):
    """A work of housekeeping; `done_at` is null where it was not done since the start."""

    name: str
    done_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class System(Record):
    """How an environment is, and what runs it.

    `newest_tables` is the newest revision of the tables that this version knows. `housekeeping` is
    that of the process that answers.
    """

    version: str
    tables: str | None
    newest_tables: str
    database: str
    last_write_at: datetime | None
    problems: tuple[Problem, ...]
    sends_mail: bool
    oldest_waiting_mail_at: datetime | None
    feed: Feed
    housekeeping: tuple[Work, ...]
