"""Audit entries that strangers cause: admitted up to a limit an hour, then summarized.

What legitimate changes leave goes through `store.record` and is never dropped.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from gatepass.server.domain.audit import store
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.throttling.hourly_limit import HourlyLimit, Suppressed
from gatepass.server.storage.database import Connection


def record(connection: Connection, limit: HourlyLimit, *entries: Entry) -> None:
    """Add the entries that the limit admits, within the caller's transaction."""
    admitted = [
        each
        for each in entries
        if limit.allow(each.action, each.source, each.at.timestamp(), each.org_id)
    ]
    if admitted:
        store.record(connection, *admitted)


def record_suppressed(
    connection: Connection, suppressed: Sequence[Suppressed], now: datetime
) -> None:
    """Add one entry for each summary of what was not recorded."""
    store.record(connection, *(_summary(each, now) for each in suppressed))


def _summary(each: Suppressed, now: datetime) -> Entry:
    since = datetime.fromtimestamp(each.start, UTC)
    return Entry(
        at=now,
        org_id=each.org_id,
        actor="system",
        action="audit.suppressed",
        result="refused",
        source=each.network,
        detail={
            "action": each.kind,
            "times": str(each.times),
            "since": f"{since:%Y-%m-%d %H:%M} UTC",
        },
    )
