"""`gatepass audit`: reads the audit trail, of all organizations and of the operator."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli import options
from gatepass.server.cli.completion import ids
from gatepass.server.domain.audit import store
from gatepass.server.domain.audit.model import Entry, Filter
from gatepass.server.environment.environment import Environment

_AT_ONCE = 500  # entries that are read together


@click.group(cls=CommandGroup, epilog=example("gatepass audit list --refused"))
def audit() -> None:
    """Search and export the record of who changed what, and what was refused."""


@audit.command(
    "list",
    epilog=example(
        "gatepass audit list --organization ORG_ID --since 2026-11-01",
        "gatepass audit list --json-lines > audit.jsonl",
    ),
)
@click.option(
    "--organization", "org_id", shell_complete=ids.organizations, help="Id of the organization."
)
@click.option(
    "--application",
    "client_id",
    shell_complete=ids.applications,
    default="",
    help="Client id of the application.",
)
@click.option("--actor", default="", help="Username, or `operator`, or an application's name.")
@click.option("--action", "actions", multiple=True, help="As login; secret. means all of secrets.")
@click.option("--refused", is_flag=True, help="Only what was refused.")
@click.option("--since", help="First day (UTC), or moment, as 2026-11-01T09:30:00Z.")
@click.option("--until", help="Last day (UTC), or the first moment after.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@options.reading_options
def list_(  # noqa: PLR0913 - one parameter for each option
    *,
    org_id: str | None,
    client_id: str,
    actor: str,
    actions: tuple[str, ...],
    refused: bool,
    since: str | None,
    until: str | None,
    limit: int,
    target: options.Target,
    is_json: bool,
) -> None:
    """List entries of the audit trail, the newest first, with the names of the operator's people.

    An entry is kept for 400 days. With --json-lines all are printed, without a limit.
    """
    wanted = Filter(actor, client_id, actions, refused, _moment(since), _moment(until, is_end=True))
    with options.environment_of(target) as environment:
        owner = None if org_id is None else options.uuid_of(org_id)
        found = _all(environment, owner, wanted)
        if options.has_lines():
            for number, entry in found:
                click.echo(json.dumps(_object(number, entry)))
            return
        rows = [_object(*each) for each in islice(found, limit)]
    if not is_json:
        rows = [{**row, "detail": json.dumps(row["detail"], ensure_ascii=False)} for row in rows]
    options.show_list(rows, "No entry of the audit trail is like that.", is_json=is_json)


def _all(
    environment: Environment, org_id: UUID | None, wanted: Filter
) -> Iterator[tuple[int, Entry]]:
    """Return all entries, read in parts, so that no transaction is as long as the output."""
    before: int | None = None
    while True:
        with environment.database.read() as connection:
            found = store.every(
                connection, org_id=org_id, before=before, limit=_AT_ONCE, wanted=wanted
            )
        yield from found
        if len(found) < _AT_ONCE:
            return
        before = found[-1][0]


def _object(number: int, entry: Entry) -> dict[str, object]:
    return {
        "number": number,
        "at": entry.at.isoformat(timespec="seconds"),
        "organization": str(entry.org_id) if entry.org_id else None,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "result": entry.result,
        "from": entry.source,
        "detail": entry.detail,
    }


def _moment(text: str | None, *, is_end: bool = False) -> datetime | None:
    """Return a moment, or the first of a day; at the end of a period the first after that day."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is neither a day, as 2026-11-01, nor a moment."
        ) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    is_day = len(text) == len("2026-11-01")
    return at + timedelta(days=1) if is_end and is_day else at
