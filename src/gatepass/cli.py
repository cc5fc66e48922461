"""The `gatepass` command: names only; what a command does is loaded when it is asked for."""

from importlib import import_module
from typing import cast

import click

_CLIENT = "gatepass.client.cli"
_SERVER = "gatepass.server.cli"
_SERVERS = frozenset(
    {
        "application",
        "backup",
        "demo",
        "import",
        "keys",
        "organization",
        "resource",
        "restore",
        "scope",
        "serve",
        "settings",
    }
)
_NEEDS_SERVER = "this command needs gatepass[server]: pip install 'gatepass[server]'"


class _Root(click.Group):
    """The client's commands, and the server's where the `server` extra is installed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = set(_load(_CLIENT).list_commands(ctx))
        try:
            names.update(_load(_SERVER).list_commands(ctx))
        except ModuleNotFoundError as missing:
            _raise_unless_foreign(missing)
        return sorted(names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        ours = _load(_CLIENT).get_command(ctx, cmd_name)
        if ours is not None:
            return ours
        try:
            return _load(_SERVER).get_command(ctx, cmd_name)
        except ModuleNotFoundError:
            if cmd_name in _SERVERS:
                raise  # to be told by `invoke`
            return None

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as missing:
            _raise_unless_foreign(missing)
            raise click.ClickException(_NEEDS_SERVER) from None


def _load(module: str) -> click.Group:
    return cast("click.Group", import_module(module).commands)


def _raise_unless_foreign(missing: ModuleNotFoundError) -> None:
    """Go on for an extra that is not installed; a missing module of ours is a bug."""
    if (missing.name or "gatepass").partition(".")[0] == "gatepass":
        raise missing


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gatepass", message="%(prog)s %(version)s")
def main() -> None:
    """Server-to-server authentication for partner APIs."""
