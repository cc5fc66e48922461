"""`gatepass organization rename`."""

import click

from gatepass.command_group import example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.opening import changing_options, opened
from gatepass.server.cli.terminal import options


@click.command(epilog=example('gatepass organization rename ORG_ID "Acme Power"'))
@click.argument("org_id", shell_complete=ids.organizations)
@click.argument("name")
@changing_options
def rename(org_id: str, name: str, target: options.Target) -> None:
    """Rename an organization; its id, people and applications stay."""
    with opened(target) as operations:
        renamed = operations.perform("organization.rename", {"org_id": org_id, "name": name}).result
    click.echo(f"{org_id} is now {renamed['name']}.")
