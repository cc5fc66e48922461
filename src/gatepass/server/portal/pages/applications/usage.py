"""The usage of one application and of all, with charts and tables; recent refusals."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import NamedTuple
from uuid import UUID

from starlette.responses import Response

from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.issuance_limit import is_wasteful
from gatepass.server.domain.usage.model import ISSUED, Refusal, SpanCount
from gatepass.server.domain.usage.refusal_reasons import REASONS
from gatepass.server.portal.presentation import chart
from gatepass.server.portal.presentation.chart import Bar
from gatepass.server.portal.rendering import page
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.language import Language
from gatepass.translation.message import Message

_TICKS = 4  # of the time axis
_ISSUED = Message("{total} tokens issued in {period}; the table below has the figures")
_REFUSED = Message("{total} requests refused in {period}; the table below has the figures")


class Range(NamedTuple):
    """A period in bars of `size` seconds; `each` names the size, `tick` formats the axis.

    `tick` is a format of English, and a skeleton of the dates of other languages (Unicode TR 35).
    """

    words: str
    each: str
    size: int
    bars: int
    tick: tuple[str, str]

    def starts(self, now: datetime) -> list[datetime]:
        """Return the start of each bar, oldest first; the last bar is still growing."""
        last = int(now.timestamp()) // self.size * self.size
        first = last - (self.bars - 1) * self.size
        return [datetime.fromtimestamp(first + n * self.size, UTC) for n in range(self.bars)]


RANGES = {
    "24h": Range(Message("24 hours"), Message("30 min"), 1800, 48, ("%H:%M", "Hm")),
    "7d": Range(Message("7 days"), Message("3 h"), 3 * 3600, 56, ("%a %H:%M", "EHm")),
    "90d": Range(Message("90 days"), Message("day"), 24 * 3600, 90, ("%-d %b", "MMMd")),
}


_OF_ORGANIZATION = ("24h", "7d")
"""The ranges for all applications together: further back there are too many counts to add up."""
_MOST = 25  # applications


def refusals(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return the recent refusals, the newest first."""
    with request.environment.database.read() as connection:
        found = store.recent(connection, application.id)
    return {"refusals": [refusal_in_words(each) for each in found]}


def context(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return what the page of the usage shows, for the range that the query names."""
    chosen = request.query.get("usage", "")
    chosen = chosen if chosen in RANGES else "24h"
    with request.environment.database.read() as connection:
        span = RANGES[chosen]
        since = span.starts(request.now)[0]
        counts = store.series(connection, application.id, since, span.size)
        hour = store.issued_since(connection, [application.id], request.now - timedelta(hours=1))
    issued = hour[application.id]
    return {
        "usage": _shown(counts, chosen, [*RANGES], request),
        "wasted": issued if is_wasteful(issued, application.token_lifetime) else 0,
    }


def of_organization(request: PortalRequest) -> Response:
    """Show the usage of all applications of the organization, and which are used most."""
    return page(request, "applications_usage.html", **organization_context(request, request.org_id))


def organization_context(request: PortalRequest, org_id: UUID) -> dict[str, object]:
    """Return what a page shows of the usage of an organization, for the query's range."""
    chosen = request.query.get("usage", "")
    chosen = chosen if chosen in _OF_ORGANIZATION else _OF_ORGANIZATION[0]
    span = RANGES[chosen]
    since = span.starts(request.now)[0]
    with request.environment.database.read() as connection:
        counts = store.series_of_organization(connection, org_id, since, span.size)
        most_used = store.most_used(connection, org_id, since, _MOST)
    usage = _shown(counts, chosen, _OF_ORGANIZATION, request)
    return {"usage": usage, "most_used": most_used, "most": _MOST}


def _shown(
    found: Iterable[SpanCount], chosen: str, offered: Iterable[str], request: PortalRequest
) -> SimpleNamespace:
    """Return counts as the charts and their table show them."""
    span, reads = RANGES[chosen], request.language
    starts = span.starts(request.now)
    issued, refused = dict.fromkeys(starts, 0), dict.fromkeys(starts, 0)
    for each in found:
        counts = issued if each.what == ISSUED else refused
        if each.start in counts:
            counts[each.start] += each.times
    return SimpleNamespace(
        chosen=chosen,
        ranges=[SimpleNamespace(name=name, words=RANGES[name].words) for name in offered],
        words=span.words,
        each=span.each,
        issued=_drawn(_ISSUED, issued, span, reads),
        refused=_drawn(_REFUSED, refused, span, reads),
        ticks=[
            reads.moment(start, *span.tick) for start in starts[:: span.bars // _TICKS][:_TICKS]
        ],
        rows=[
            SimpleNamespace(
                at=start, words=_period(start, span, reads), issued=n, refused=refused[start]
            )
            for start, n in reversed(issued.items())
            if n or refused[start]
        ],
    )


def _drawn(
    what: Message, counts: Mapping[datetime, int], span: Range, reads: Language
) -> SimpleNamespace:
    total = sum(counts.values())
    given = [
        Bar(n, f"{_period(start, span, reads)}: {reads.number(n)}") for start, n in counts.items()
    ]
    label = reads.translate(what.with_values(total=total, period=span.words))
    return SimpleNamespace(
        total=total,
        picture=chart.bars(given, label),
        top=chart.ceiling([*counts.values()]),
    )


def _period(start: datetime, span: Range, reads: Language) -> str:
    """Return the start of a bar in words: "Mon 23 Nov, 14:00", "Mon 23 Nov"."""
    day = reads.moment(start, "%a %-d %b", "MMMEd")
    if span.size >= timedelta(days=1).total_seconds():
        return day
    return f"{day}, {start:%H:%M}"


def refusal_in_words(refusal: Refusal) -> SimpleNamespace:
    """Return a refusal as pages show it: why, from where, how often, and what to do."""
    kind = refusal.kind
    reason = REASONS.get(kind.reason, REASONS["other"])
    note = kind.note or reason.words
    return SimpleNamespace(
        at=refusal.at,
        first_at=refusal.first_at,
        words=note[:1].upper() + note[1:] if kind.note else reason.words,
        todo=reason.todo,
        source=kind.source,
        agent=kind.agent,
        times=refusal.times,
    )
