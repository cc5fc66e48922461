"""`gatepass application usage` and `refusals`: what a program does, and why it is refused."""

from datetime import UTC, datetime
from typing import NamedTuple

import click

from gatepass.command_group import example
from gatepass.server.cli import options
from gatepass.server.cli.application.settings import find
from gatepass.server.cli.completion import ids
from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.model import ISSUED, Refusal
from gatepass.server.domain.usage.refusal_reasons import REASONS


class _Period(NamedTuple):
    """A period in spans of so many seconds."""

    span: int
    spans: int

    def start(self, now: datetime) -> datetime:
        """Return the start of the first span; the last one is still growing."""
        last = int(now.timestamp()) // self.span * self.span
        return datetime.fromtimestamp(last - (self.spans - 1) * self.span, UTC)


_PERIODS = {
    "24h": _Period(3600, 24),
    "7d": _Period(24 * 3600, 7),
    "90d": _Period(24 * 3600, 90),
}


@click.command(epilog=example("gatepass application usage CLIENT_ID --period 7d"))
@click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)
@click.option(
    "--period",
    type=click.Choice(list(_PERIODS)),
    default="24h",
    show_default=True,
    help="By hour for 24h, else by day (UTC).",
)
@options.reading_options
def usage(application_id: str, period: str, target: options.Target, *, is_json: bool) -> None:
    """Show how many tokens an application got, and how many of its requests were refused.

    Hours and days without a request are left out.
    """
    chosen = _PERIODS[period]
    with options.environment_of(target) as environment:
        found = find(environment, application_id)
        since = chosen.start(environment.now())
        with environment.database.read() as connection:
            counts = store.series(connection, found.id, since, chosen.span)
    rows: dict[datetime, dict[str, object]] = {}
    for each in counts:
        row = rows.setdefault(each.start, {"from": each.start, "issued": 0, "refused": 0})
        name = "issued" if each.what == ISSUED else "refused"
        row[name] = int(str(row[name])) + each.times
    nothing = f"{application_id} requested no token in this period."
    options.show_list(list(rows.values()), nothing, is_json=is_json)


@click.command(epilog=example("gatepass application refusals CLIENT_ID"))
@click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)
@options.reading_options
def refusals(application_id: str, target: options.Target, *, is_json: bool) -> None:
    """Show which requests of an application were refused lately, why, from where, how often."""
    with options.environment_of(target) as environment:
        found = find(environment, application_id)
        with environment.database.read() as connection:
            recent = store.recent(connection, found.id)
    nothing = f"No request of {application_id} was refused lately."
    options.show_list([_row(each) for each in recent], nothing, is_json=is_json)


def _row(refusal: Refusal) -> dict[str, object]:
    kind = refusal.kind
    reason = REASONS.get(kind.reason, REASONS["other"])
    words = kind.note or str(reason.words)
    return {
        "last": refusal.at,
        "first": refusal.first_at,
        "times": refusal.times,
        "reason": words[:1].upper() + words[1:],
        "from": kind.source,
        "program": kind.agent,
    }
