"""`gatepass organization rename`."""

import click

from gatepass.command_group import example
from gatepass.server.cli import options
from gatepass.server.cli.completion import ids
from gatepass.server.domain import organization_lifecycle


@click.command(epilog=example('gatepass organization rename ORG_ID "Acme Power"'))
@click.argument("org_id", shell_complete=ids.organizations)
@click.argument("name")
@options.environment_option_to_change
def rename(org_id: str, name: str, target: options.Target) -> None:
    """Rename an organization; its id, people and applications stay."""
    with options.environment_of(target) as environment:
        renamed = organization_lifecycle.rename(
            environment.context, options.operator(), options.uuid_of(org_id), name
        )
    click.echo(f"{org_id} is now {renamed.name}.")
