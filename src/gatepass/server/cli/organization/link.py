"""`gatepass organization link` and `unlink`: for a sandbox that trusts production's accounts."""

import click

from gatepass.command_group import example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.terminal import local_data, options
from gatepass.server.domain.organizations import operations
from gatepass.server.domain.users.sessions.linked import operations as linked


@click.command(epilog=example("gatepass organization link SANDBOX_ORG_ID --to PRODUCTION_ORG_ID"))
@click.argument("org_id", shell_complete=ids.organizations_of_sandbox)
@click.option(
    "--to",
    "production_id",
    required=True,
    shell_complete=ids.organizations_of_production,
    help="Id of the organization in production.",
)
@options.data_options
def link(org_id: str, production_id: str, target: options.Target) -> None:
    """Link an organization of the sandbox to one of production.

    With sandbox_identity = "production", people of the one in production then work in this one,
    with the applications that it has. It takes the place of an earlier link of either.
    """
    with local_data.environment_of(target._replace(environment_name="production")) as production:
        theirs = operations.find(production.context, options.uuid_of(production_id))
    with local_data.environment_of(target._replace(environment_name="sandbox")) as sandbox:
        own = linked.link_organization(
            sandbox.context, options.operator(), theirs.id, options.uuid_of(org_id)
        )
    click.echo(f'People of "{theirs.name}" in production work in "{own.name}" in the sandbox.')


@click.command(epilog=example("gatepass organization unlink SANDBOX_ORG_ID"))
@click.argument("org_id", shell_complete=ids.organizations_of_sandbox)
@options.data_options
def unlink(org_id: str, target: options.Target) -> None:
    """End the link of an organization of the sandbox; its applications stay."""
    with local_data.environment_of(target._replace(environment_name="sandbox")) as sandbox:
        own = linked.unlink_organization(
            sandbox.context, options.operator(), options.uuid_of(org_id)
        )
    click.echo(f'"{own.name}" in the sandbox is no longer linked to an organization of production.')
