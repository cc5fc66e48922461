"""`gatepass mail`: what was sent, what could not be sent, and a test."""

from typing import Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.operations.model import every, moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import local_data, options, printing
from gatepass.server.environment.environment import Environment

STATES = ("waiting", "sent", "failed")
_MOMENTS = ("created_at", "next_attempt_at", "sent_at")
_OFF = (
    "No mail is sent: the setting mail.host is empty. Name an SMTP server there, and mail.sender."
)


@click.group(cls=CommandGroup, epilog=example("gatepass mail list --state failed"))
def mail() -> None:
    """List the mail that was sent or could not be sent, send it again, send a test."""


@mail.command(
    "list", epilog=example("gatepass mail list", "gatepass mail list --state failed --json")
)
@click.option(
    "--state", type=click.Choice(STATES), help="Only mail that waits, was sent or failed."
)
@reading_options
def list_(target: options.Target, *, state: str | None, is_json: bool) -> None:
    """List the mail of the last 14 days, the newest first; never what it says."""
    with opened(target) as operations:
        rows = [_row(each) for each in every(operations, "mail.list", {"state": state})]
    printing.show_list(rows, f"No mail in {operations.environment_name}.", is_json=is_json)


@mail.command(epilog=example("gatepass mail show 17"))
@click.argument("number", metavar="ID", type=click.IntRange(min=1))
@reading_options
def show(number: int, target: options.Target, *, is_json: bool) -> None:
    """Show one mail: when it was tried and why it failed; never what it says."""
    with opened(target) as operations:
        found = operations.perform("mail.show", {"mail_id": number}).result
    printing.show(_row(found), is_json=is_json)


@mail.command(epilog=example("gatepass mail retry 17 18", "gatepass mail retry --all"))
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(min=1))
@click.option("--all", "is_all", is_flag=True, help="All mail that failed.")
@changing_options
def retry(target: options.Target, *, ids: tuple[int, ...], is_all: bool) -> None:
    """Send mail again that failed, for a day; a link in it may have expired meanwhile."""
    if bool(ids) == is_all:
        raise click.UsageError("Name the mail by its ids (gatepass mail list), or give --all.")
    with opened(target) as operations:
        wanted = {"ids": None if is_all else list(ids)}
        number = operations.perform("mail.retry", wanted).result["retried"]
    click.echo(f"{number} to send. The server sends it now, if it runs.")


@mail.command(epilog=example("gatepass mail test you@example.com"))
@click.argument("address")
@options.environment_option_to_change
def test(target: options.Target, *, address: str) -> None:
    """Send a test mail at once, and say what the SMTP server answers."""
    from gatepass.server.environment.mail.delivery import send_test
    from gatepass.server.environment.mail.smtp import ConnectionFailedError, RefusedError

    with local_data.environment_of(target) as environment:
        _check_is_on(environment)
        try:
            send_test(local_data.settings_of(target), environment, address)
        except (ConnectionFailedError, RefusedError) as error:
            raise click.ClickException(f"The mail was not sent: {error}") from None
    click.echo(f"Sent to {address}.")


def _check_is_on(environment: Environment) -> None:
    if not environment.context.outbox.sends_mail:
        raise click.ClickException(_OFF)


def _row(found: dict[str, Any]) -> dict[str, object]:
    moments = {name: moment(found[name]) for name in _MOMENTS}
    return found | moments
