"""Which entries the commands read: the options that choose them, and reading in parts."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import click

from gatepass.server.cli import options
from gatepass.server.cli.completion import ids
from gatepass.server.domain.audit import store
from gatepass.server.domain.audit.model import Entry, Filter
from gatepass.server.environment.environment import Environment

Command = TypeVar("Command", bound=Callable[..., Any])

_AT_ONCE = 500  # entries that are read together


class Chosen(NamedTuple):
    """Which entries are wanted, of one organization or of all."""

    org_id: str | None
    wanted: Filter


_OPTIONS = (
    click.option(
        "--organization", "org_id", shell_complete=ids.organizations, help="Id of the organization."
    ),
    click.option(
        "--application",
        "client_id",
        shell_complete=ids.applications,
        default="",
        help="Client id of the application.",
    ),
    click.option("--actor", default="", help="Username, or `operator`, or an application's name."),
    click.option("--action", "actions", multiple=True, help="As login; secret. is all of secrets."),
    click.option("--refused", is_flag=True, help="Only what was refused."),
    click.option("--since", help="First day (UTC), or moment, as 2026-11-01T09:30:00Z."),
    click.option("--until", help="Last day (UTC), or the first moment after."),
)


def filter_options(command: Command) -> Command:
    """Add the options that choose entries, which the command gets as `chosen`."""

    @wraps(command)
    def run(
        *,
        org_id: str | None,
        client_id: str,
        actor: str,
        actions: tuple[str, ...],
        refused: bool,
        since: str | None,
        until: str | None,
        **others: Any,  # noqa: ANN401 - the command's own
    ) -> None:
        end = _moment(until, is_end=True)
        wanted = Filter(actor, client_id, actions, refused, _moment(since), end)
        command(chosen=Chosen(org_id, wanted), **others)

    made: Any = run
    for option in reversed(_OPTIONS):
        made = option(made)
    return cast("Command", made)


def entries_of(environment: Environment, chosen: Chosen) -> Iterator[tuple[int, Entry]]:
    """Return all entries, read in parts, so that no transaction is as long as the output."""
    org_id: UUID | None = None if chosen.org_id is None else options.uuid_of(chosen.org_id)
    before: int | None = None
    while True:
        with environment.database.read() as connection:
            found = store.every(
                connection, org_id=org_id, before=before, limit=_AT_ONCE, wanted=chosen.wanted
            )
        yield from found
        if len(found) < _AT_ONCE:
            return
        before = found[-1][0]


def as_object(number: int, entry: Entry) -> dict[str, object]:
    """Return an entry as a program reads it."""
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
