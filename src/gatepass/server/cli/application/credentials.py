"""`gatepass application rotate` and `revoke-tokens`: the bad night, from the command line."""

import click

from gatepass.command_group import example
from gatepass.server.cli import options
from gatepass.server.cli.application.settings import find
from gatepass.server.cli.completion import ids
from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.model import OVERLAPS
from gatepass.server.domain.applications.secrets import end as secret_end
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.wire import metadata

_UNTIL_USED = "until-used"
_OVERLAPS = {words.replace(" ", "-"): overlap for overlap, words in OVERLAPS.items()}
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
@options.environment_option_to_change
@options.as_json
def rotate(
    application_id: str, overlap: str, end: str | None, target: options.Target, *, is_json: bool
) -> None:
    """Make a new client secret and print it, once; the old one works for the overlap."""
    with options.environment_of(target) as environment:
        found = find(environment, application_id)
        longest = secret_operations.longest_lifetime(environment.context, found.org_id)
        now = environment.now()
        made = secret_operations.rotate(
            environment.context,
            options.operator(),
            found.id,
            _OVERLAPS.get(overlap),
            None,
            secret_end=secret_end.unstated_end(now, longest)
            if end is None
            else secret_end.parse_end(end, now),
        )
    shown: dict[str, object] = {
        "client_id": made.application.client_id,
        "client_secret": made.secret.value,
        "token_url": environment.issuer + metadata.TOKEN,
    }
    options.show(shown, is_json=is_json)
    if not is_json:
        click.echo("\nThe secret is shown only now.")


@click.command("revoke-tokens", epilog=example("gatepass application revoke-tokens CLIENT_ID"))
@click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.environment_option_to_change
def revoke_tokens(application_id: str, target: options.Target, *, yes: bool) -> None:
    """Revoke all tokens that an application has; its secrets keep working."""
    with options.environment_of(target) as environment:
        found = find(environment, application_id)
        options.confirm(_REVOKE.format(found.name, environment.name), yes=yes)
        operations.revoke_tokens(environment.context, options.operator(), found.id, None)
    click.echo(f"The tokens of {application_id} are revoked.")
