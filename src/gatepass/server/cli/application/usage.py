"""`gatepass application usage` and `refusals`: what a program does, and why it is refused."""

from typing import Any

import click

from gatepass.command_group import example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.model import moment
from gatepass.server.cli.operations.opening import opened, reading_options
from gatepass.server.cli.terminal import options, printing


@click.command(epilog=example("gatepass application usage CLIENT_ID --period 7d"))
@click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)
@click.option(
    "--period",
    type=click.Choice(["24h", "7d", "90d"]),
    default="24h",
    show_default=True,
    help="By hour for 24h, else by day (UTC).",
)
@reading_options
def usage(application_id: str, period: str, target: options.Target, *, is_json: bool) -> None:
    """Show how many tokens an application got, and how many of its requests were refused.

    Hours and days without a request are left out.
    """
    wanted = {"client_id": application_id, "period": period}
    with opened(target) as operations:
        found = operations.perform("application.usage", wanted).result["items"]
    rows = [
        {"from": moment(each["start"]), "issued": each["issued"], "refused": each["refused"]}
        for each in found
    ]
    nothing = f"{application_id} requested no token in this period."
    printing.show_list(rows, nothing, is_json=is_json)


@click.command(epilog=example("gatepass application refusals CLIENT_ID"))
@click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)
@reading_options
def refusals(application_id: str, target: options.Target, *, is_json: bool) -> None:
    """Show which requests of an application were refused lately, why, from where, how often."""
    one = {"client_id": application_id}
    with opened(target) as operations:
        found = operations.perform("application.refusals", one).result["items"]
    nothing = f"No request of {application_id} was refused lately."
    printing.show_list([_row(each) for each in found], nothing, is_json=is_json)


def _row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "last": moment(found["last_at"]),
        "first": moment(found["first_at"]),
        "times": found["times"],
        "reason": found["why"],
        "from": found["source"],
        "program": found["program"],
    }
