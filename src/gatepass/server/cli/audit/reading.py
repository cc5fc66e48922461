"""Which entries the commands read, and how they show them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

import click

from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.model import moment
from gatepass.server.cli.terminal import options
from gatepass.server.domain.audit.model import Filter

Command = TypeVar("Command", bound=Callable[..., Any])


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


def arguments_of(chosen: Chosen) -> dict[str, object]:
    """Return the arguments of the operations that list and export."""
    wanted = chosen.wanted
    return {
        "org_id": chosen.org_id and str(options.uuid_of(chosen.org_id)),
        "actor": wanted.actor,
        "client_id": wanted.client_id,
        "action": ",".join(wanted.actions),
        "refused": wanted.only_refused,
        "since": wanted.since and wanted.since.isoformat(),
        "until": wanted.until and wanted.until.isoformat(),
    }


def row(found: Mapping[str, Any]) -> dict[str, object]:
    """Return an entry as the commands show it."""
    at = moment(found["at"])
    return {
        "number": found["number"],
        "at": at and at.isoformat(timespec="seconds"),
        "organization": found["org_id"],
        "actor": found["actor"],
        "action": found["action"],
        "subject": found["subject"],
        "result": found["result"],
        "from": found["source"],
        "detail": found["detail"],
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
