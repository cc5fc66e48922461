"""Last uses and refusals since the last batch."""

import threading
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from gatepass.server.applications import store as applications
from gatepass.server.applications.model import Application, ApplicationSecret
from gatepass.server.audit import store as audit
from gatepass.server.audit.model import Entry
from gatepass.server.database import Connection

LONGEST_AGENT = 200  # characters
_MOST_REFUSALS = 200  # kinds of refusal in a batch; what comes on top is in the log alone


class Use(NamedTuple):
    """A successful authentication."""

    application: Application
    secret: ApplicationSecret
    at: float
    source: str
    agent: bytes


class Refusal(NamedTuple):
    """What makes two refusals of a batch the same."""

    org_id: UUID
    application: str
    note: str
    source: str


class Batch(NamedTuple):
    """What is written at one time: uses by the digest of the secret, refusals and how often."""

    uses: dict[bytes, Use]
    refusals: dict[Refusal, tuple[float, int]]


class UsageCounter:
    """Counts in memory; lost in a crash is what came since the last batch was written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batch = Batch({}, {})

    def used(self, use: Use) -> None:
        """Note that an application authenticated with one of its secrets."""
        self._batch.uses[use.secret.digest] = use

    def refused(self, application: Application, note: str, source: str, at: float) -> None:
        """Note that an application was refused, for its owner to see."""
        refusal = Refusal(application.org_id, application.name, note, source)
        with self._lock:
            refusals = self._batch.refusals
            if refusal in refusals or len(refusals) < _MOST_REFUSALS:
                _, count = refusals.get(refusal, (at, 0))
                refusals[refusal] = at, count + 1

    def take(self) -> Batch | None:
        """Give what came since the last time and begin anew; None where nothing came."""
        if not self._batch.uses and not self._batch.refusals:
            return None
        with self._lock:
            taken, self._batch = self._batch, Batch({}, {})
        # `used` takes no lock and may be about to add one more to what was taken.
        return Batch(dict(taken.uses), taken.refusals)

    def put_back(self, batch: Batch) -> None:
        """Keep what could not be written for the next time, refusals within their bound."""
        with self._lock:
            uses, newer = self._batch
            refusals = dict(batch.refusals)
            for refusal, (at, count) in newer.items():
                if refusal in refusals or len(refusals) < _MOST_REFUSALS:
                    _, before = refusals.get(refusal, (at, 0))
                    refusals[refusal] = at, before + count
            self._batch = Batch({**batch.uses, **uses}, refusals)


def write(connection: Connection, batch: Batch) -> None:
    """Write a batch: the last use of each application and secret, and the refusals."""
    in_order = sorted(batch.uses.values(), key=lambda use: use.at)
    applications.note_use(
        connection,
        list({use.application.id: _row(use) for use in in_order}.values()),
        [{"key": use.secret.id, "at": _moment(use.at)} for use in in_order],
    )
    if batch.refusals:
        audit.record(connection, *(_entry(*each) for each in batch.refusals.items()))


def _row(use: Use) -> dict[str, object]:
    return {
        "key": use.application.id,
        "at": _moment(use.at),
        "source": use.source,
        "agent": _text(use.agent),
    }


def _entry(refusal: Refusal, times: tuple[float, int]) -> Entry:
    at, count = times
    return Entry(
        at=_moment(at),
        org_id=refusal.org_id,
        actor=refusal.application,
        action="client.refused",
        subject=refusal.application,
        result="refused",
        source=refusal.source,
        detail={"reason": refusal.note, "times": str(count)},
    )


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _text(agent: bytes) -> str:
    return agent[:LONGEST_AGENT].decode("ascii", "replace")
