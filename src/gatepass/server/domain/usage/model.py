"""What is counted of an application, and in which spans of time."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from gatepass.server.domain.applications.cached_application import CachedApplication, CachedSecret

ISSUED = "issued"
"""What is counted is this, or the reason of a refusal."""

FINE = 300  # seconds that are counted together at first
HOUR = 3600
DAY = 24 * HOUR
SPANS = (FINE, HOUR, DAY)
MERGES = ((FINE, HOUR, timedelta(days=7)), (HOUR, DAY, timedelta(days=90)))
"""From which span to which, and after how long."""
KEPT = timedelta(days=400)

LONGEST_AGENT = 200  # characters
LONGEST_NOTE = 200
MOST_REFUSALS = 200  # of one application that are kept
REFUSALS_KEPT = timedelta(days=90)
SAME_WITHIN = timedelta(days=1)
"""Equal refusals are one line, with how often, for this long."""


class Use(NamedTuple):
    """A successful authentication."""

    application: CachedApplication
    secret: CachedSecret
    at: float
    source: str
    agent: bytes


class Kind(NamedTuple):
    """What makes two refusals the same."""

    application_id: UUID
    reason: str
    note: str
    source: str
    agent: str


class Refusal(NamedTuple):
    """Equal refusals, how many, the first and the last."""

    kind: Kind
    times: int
    first_at: datetime
    at: datetime


class RefusalOf(NamedTuple):
    """A refusal with the names of the application and of its organization."""

    refusal: Refusal
    app_name: str
    client_id: str
    org_id: UUID
    org_name: str


class CountKey(NamedTuple):
    """What is counted in one place: an application, a span that begins at `start`, and what."""

    application_id: bytes  # its 16 bytes: to hash a UUID takes Python code
    start: int  # Unix seconds
    what: str


class SpanCount(NamedTuple):
    """How often something was counted in the `span` seconds from `start` on."""

    start: datetime
    span: int
    what: str
    times: int


class UsageTotal(NamedTuple):
    """How many tokens an application was issued, and how many requests of it were refused."""

    app_id: UUID
    name: str
    issued: int
    refused: int


def start_of(at: float) -> int:
    """Return the start of the finest span that `at` lies in; both are Unix seconds."""
    return int(at) // FINE * FINE
