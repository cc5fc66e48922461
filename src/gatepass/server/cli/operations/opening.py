"""Opens the operations of an environment for a command: here, or those of another server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

import click

from gatepass.server.cli.operations.model import Operations
from gatepass.server.cli.terminal import local_data, options

Command = TypeVar("Command", bound=Callable[..., Any])
_NO_CLAIM = (
    "--as is for commands on the server's own machine. The audit trail of a server names the "
    "application that calls it."
)
_WHICH = "Choose the environment of {} with --environment or GATEPASS_ENVIRONMENT."


def reading_options(command: Command) -> Command:
    """Add --server to what a command that reads has."""
    return options.environment_option_to_read(_with_server(options.listing_options(command)))


def server_options(command: Command) -> Command:
    """Add --server and the environment to a command that reads, and has a format of its own."""
    return options.environment_option_to_read(_with_server(command))


def changing_options(command: Command) -> Command:
    """Add --server to what a changing command has."""
    default = (
        "[default: production, unless both contain organizations; with --server it must be given]"
    )
    return options.environment_option(None, default)(_with_server(options.as_option(command)))


def _with_server(command: Command) -> Command:
    @wraps(command)
    def run(*arguments: Any, target: options.Target, **given: Any) -> None:  # noqa: ANN401 - the command's own
        source = click.get_current_context().get_parameter_source("as")
        if target.server and source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(_NO_CLAIM)
        command(*arguments, target=target, **given)

    help_ = (
        "URL of a server, whose Admin API is called with the credentials of this client "
        f"(GATEPASS_CLIENT_ID and others). Also read from {options.SERVER}. [default: the data of "
        "this machine]"
    )
    with_server = click.option("--server", metavar="URL", envvar=options.SERVER, help=help_)
    return cast("Command", with_server(options.target_options(run)))


@contextmanager
def opened(target: options.Target, *, creates: bool = False) -> Iterator[Operations]:
    """Open the operations of an environment; `creates` allows to create the data directory."""
    if target.server:
        if target.environment_name is None:
            raise click.UsageError(_WHICH.format(target.server))
        from gatepass.server.cli.operations import remote

        with remote.opened(target.server, target.environment_name) as operations:
            yield operations
        return
    from gatepass.server.cli.operations.local import LocalOperations

    with local_data.environment_of(target, creates=creates) as environment:
        yield LocalOperations(environment)
