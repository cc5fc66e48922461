"""`gatepass completion`: the script with which a shell completes commands, options and ids."""

import click
from click.shell_completion import get_completion_class

from gatepass.command_group import example

_SHELLS = ("bash", "zsh", "fish")
_PROGRAM = "gatepass"
_VARIABLE = "_GATEPASS_COMPLETE"


@click.command(
    epilog=example(
        "gatepass completion bash > ~/.local/share/bash-completion/completions/gatepass",
        "gatepass completion fish > ~/.config/fish/completions/gatepass.fish",
    )
)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and ids in a shell.

    Ids are read from the data directory that the command names, if it can be read. bash 4.4 or
    newer is needed; for zsh put the script into a folder of fpath as _gatepass.
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(found(ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source())
