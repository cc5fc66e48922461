"""The usage of an application, with charts and a table, and its recent refusals."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import NamedTuple

from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.issuance_limit import is_wasteful
from gatepass.server.domain.usage.model import ISSUED, Refusal
from gatepass.server.domain.usage.refusal_reasons import REASONS
from gatepass.server.portal.presentation import chart
from gatepass.server.portal.presentation.chart import Bar
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection

_TICKS = 4  # of the time axis


class Range(NamedTuple):
    """A period in bars of `size` seconds; `each` names the size, `tick` formats the axis."""

    words: str
    each: str
    size: int
    bars: int
    tick: str

    def starts(self, now: datetime) -> list[datetime]:
        """Return the start of each bar, oldest first; the last bar is still growing."""
        last = int(now.timestamp()) // self.size * self.size
        first = last - (self.bars - 1) * self.size
        return [datetime.fromtimestamp(first + n * self.size, UTC) for n in range(self.bars)]


RANGES = {
    "24h": Range("24 hours", "30 min", 1800, 48, "%H:%M"),
    "7d": Range("7 days", "3 h", 3 * 3600, 56, "%a %H:%M"),
    "90d": Range("90 days", "day", 24 * 3600, 90, "%-d %b"),
}


def refusals(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return the recent refusals, the newest first."""
    with request.environment.database.read() as connection:
        found = store.recent(connection, application.id)
    return {"refusals": [_refusal(each) for each in found]}


def context(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return what the page of the usage shows, for the range that the query names."""
    chosen = request.query.get("usage", "")
    chosen = chosen if chosen in RANGES else "24h"
    with request.environment.database.read() as connection:
        usage = _usage(connection, application, chosen, request.now)
        hour = store.issued_since(connection, [application.id], request.now - timedelta(hours=1))
    issued = hour[application.id]
    return {
        "usage": usage,
        "wasted": issued if is_wasteful(issued, application.token_lifetime) else 0,
    }


def _usage(
    connection: Connection, application: Application, chosen: str, now: datetime
) -> SimpleNamespace:
    span = RANGES[chosen]
    starts = span.starts(now)
    issued, refused = dict.fromkeys(starts, 0), dict.fromkeys(starts, 0)
    for each in store.series(connection, application.id, starts[0], span.size):
        counts = issued if each.what == ISSUED else refused
        if each.start in counts:
            counts[each.start] += each.times
    return SimpleNamespace(
        chosen=chosen,
        ranges=[SimpleNamespace(name=name, words=each.words) for name, each in RANGES.items()],
        words=span.words,
        each=span.each,
        issued=_drawn("tokens issued", issued, span),
        refused=_drawn("requests refused", refused, span),
        ticks=[format(start, span.tick) for start in starts[:: span.bars // _TICKS][:_TICKS]],
        rows=[
            SimpleNamespace(at=start, words=_period(start, span), issued=n, refused=refused[start])
            for start, n in reversed(issued.items())
            if n or refused[start]
        ],
    )


def _drawn(what: str, counts: Mapping[datetime, int], span: Range) -> SimpleNamespace:
    total = sum(counts.values())
    given = [Bar(n, f"{_period(start, span)}: {n:,}") for start, n in counts.items()]
    label = f"{total:,} {what} in {span.words}; the table below has the figures"
    return SimpleNamespace(
        total=total,
        picture=chart.bars(given, label),
        top=chart.ceiling([*counts.values()]),
    )


def _period(start: datetime, span: Range) -> str:
    """Return the start of a bar in words: "Mon 23 Nov, 14:00", "Mon 23 Nov"."""
    day = f"{start:%a} {start.day} {start:%b}"
    if span.size >= timedelta(days=1).total_seconds():
        return day
    return f"{day}, {start:%H:%M}"


def _refusal(refusal: Refusal) -> SimpleNamespace:
    kind = refusal.kind
    reason = REASONS.get(kind.reason, REASONS["other"])
    note = kind.note or reason.words
    return SimpleNamespace(
        at=refusal.at,
        first_at=refusal.first_at,
        words=note[:1].upper() + note[1:],
        todo=reason.todo,
        source=kind.source,
        agent=kind.agent,
        times=refusal.times,
    )
