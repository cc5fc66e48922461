"""`gatepass application rotate` and `revoke-tokens`: the bad night, from the command line."""

from datetime import UTC, datetime
from typing import Any

import click

from gatepass.command_group import example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.effects import (
    Assent,
    assent_options,
    check_effect,
    dry_run_option,
)
from gatepass.server.cli.operations.model import moment
from gatepass.server.cli.operations.opening import changing_options, opened
from gatepass.server.cli.terminal import options, printing
from gatepass.server.domain.applications.model import OVERLAPS
from gatepass.server.domain.applications.secrets.end import parse_end

_UNTIL_USED = "until-used"
_OVERLAPS = [words.replace(" ", "-") for words in OVERLAPS.values()]
_REVOKE = "Revoke all tokens of {} in {}? Its programs get new ones with their next request."


@click.command(
    epilog=example(
        "gatepass application rotate CLIENT_ID",
        "gatepass application rotate CLIENT_ID --overlap until-used --json",
    )
)
@click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)
@click.option(
    "--overlap",
    type=click.Choice([*_OVERLAPS, _UNTIL_USED]),
    default="24-hours",
    show_default=True,
    help="How long the old secret works.",
)
@click.option(
    "--secret-end",
    "end",
    help="When the new secret ends: a number of days, its last day (2027-01-31), or never. "
    "[default: as late as the policies allow]",
)
@dry_run_option
@changing_options
@options.as_json
def rotate(
    application_id: str,
    overlap: str,
    end: str | None,
    target: options.Target,
    *,
    assent: Assent,
    is_json: bool,
) -> None:
    """Make a new client secret and print it, once; the old one works for the overlap."""
    with opened(target) as operations:
        new = {"client_id": application_id, "overlap": overlap, **end_of_secret(end)}
        check_effect(operations, "application.rotate", new, assent)
        made = operations.perform("application.rotate", new).result
    show_credentials(made, is_json=is_json)


@click.command("revoke-tokens", epilog=example("gatepass application revoke-tokens CLIENT_ID"))
@click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)
@assent_options
@changing_options
def revoke_tokens(application_id: str, target: options.Target, *, assent: Assent) -> None:
    """Revoke all tokens that an application has; its secrets keep working."""
    one = {"client_id": application_id}
    with opened(target) as operations:
        check_effect(
            operations,
            "application.revoke_tokens",
            one,
            assent,
            lambda found: _REVOKE.format(found["name"], operations.environment_name),
        )
        operations.perform("application.revoke_tokens", one)
    click.echo(f"The tokens of {application_id} are revoked.")


def end_of_secret(text: str | None) -> dict[str, object]:
    """Return the argument for the end of a secret; none where the policies decide it."""
    if text is None:
        return {}
    end = parse_end(text, datetime.now(UTC))
    return {"secret_expires_at": end and end.isoformat()}


def show_credentials(made: dict[str, Any], *, is_json: bool, with_end: bool = False) -> None:
    """Print a client secret, once, with what a program needs beside it.

    An application that was registered with a key has no secret.
    """
    secret = made["client_secret"]
    shown: dict[str, object] = {
        "client_id": made["application"]["client_id"],
        **({"client_secret": secret} if secret else {}),
        "token_url": made["token_url"],
    }
    if with_end and made["secret_expires_at"]:
        shown["secret_expires_at"] = moment(made["secret_expires_at"])
    printing.show(shown, is_json=is_json)
    if secret and not is_json:
        click.echo("\nThe secret is shown only now.")
