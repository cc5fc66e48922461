"""`gatepass application expiring`: secrets, keys and certificates that end soon."""

from collections.abc import Callable
from typing import Any, NamedTuple

import click

from gatepass.command_group import example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.model import every, moment
from gatepass.server.cli.operations.opening import opened, reading_options
from gatepass.server.cli.terminal import options, printing


class _Kind(NamedTuple):
    """A kind of credential: the operation that lists it, and how a row calls one."""

    operation: str
    called: Callable[[dict[str, Any]], str]


_KINDS = {
    "secret": _Kind(
        "secret.expiring",
        lambda found: f"ending in {found['ends_with']}" if found["ends_with"] else "imported",
    ),
    "key": _Kind("application.expiring_keys", lambda found: found["key"]),
    "certificate": _Kind("application.expiring_certificates", lambda found: found["certificate"]),
}


@click.command(epilog=example("gatepass application expiring --days 30"))
@click.option(
    "--days",
    type=click.IntRange(1, 90),
    default=30,
    show_default=True,
    help="End within so many days.",
)
@click.option(
    "--organization",
    "org_id",
    metavar="ORG_ID",
    shell_complete=ids.organizations,
    help="Only those of this organization.",
)
@reading_options
def expiring(days: int, org_id: str | None, target: options.Target, *, is_json: bool) -> None:
    """List the secrets, keys and certificates of all applications that end soon.

    Those that a newer one replaces are left out. Without a new one their programs get no tokens.
    """
    wanted = {"days": days, "org_id": org_id}
    with opened(target) as operations:
        rows = [
            _row(kind, each)
            for kind, of_kind in _KINDS.items()
            for each in every(operations, of_kind.operation, wanted)
        ]
    rows.sort(key=lambda row: str(row["expires"]))
    nothing = f"No secret, key or certificate ends within {days} days."
    printing.show_list(rows, nothing, is_json=is_json)


def _row(kind: str, found: dict[str, Any]) -> dict[str, object]:
    return {
        "expires": moment(found["expires_at"]),
        "kind": kind,
        "called": _KINDS[kind].called(found),
        "application": found["name"],
        "client_id": found["client_id"],
        "contact": found["contact"],
    }
