"""The operator's commands, gathered for the command-line root."""

import click

from gatepass.server.commands import (
    application,
    demo,
    import_,
    keys,
    organization,
    resource,
    scope,
    serve,
    settings,
)


@click.group()
def commands() -> None:
    """Gather the server's commands for the command-line root."""


for _command in (
    application.application,
    demo.demo,
    import_.import_,
    keys.keys,
    organization.organization,
    resource.resource,
    scope.scope,
    serve.serve,
    settings.settings,
):
    commands.add_command(_command)
