"""The `gatepass` command: only names and summaries; a command's module is imported on use."""

import gc
from importlib.util import find_spec
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple, cast

import click

from gatepass.command_group import CommandGroup, example

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class _Entry(NamedTuple):
    """Where a command is, and the first sentence of its help (a test compares them)."""

    target: str  # as "module:attribute"
    summary: str


_CLIENT = "gatepass.client"
_SERVER = "gatepass.server.cli"
_COMMANDS = {
    "application": _Entry(
        f"{_SERVER}.application.command:application",
        "Register and manage applications; each is identified by its client id.",
    ),
    "audit": _Entry(
        f"{_SERVER}.audit.command:audit",
        "Search, export and verify the record of who changed what, and what was refused.",
    ),
    "backup": _Entry(
        f"{_SERVER}.backup.backup:backup", "Back up both environments while the server runs."
    ),
    "call": _Entry(
        f"{_CLIENT}.cli.root:call",
        "Send a request with an access token and print the response body.",
    ),
    "check": _Entry(
        f"{_CLIENT}.cli.check:check",
        "Check settings, network, TLS, clock, metadata, credentials and scope.",
    ),
    "completion": _Entry(
        f"{_CLIENT}.cli.completion:completion",
        "Print the script that completes commands, options and ids in a shell.",
    ),
    "copy": _Entry(
        f"{_SERVER}.backup.copy:copy_",
        "Copy all data to another place, as from SQLite to PostgreSQL.",
    ),
    "demo": _Entry(
        f"{_SERVER}.demo.command:demo",
        "Demonstrate Gatepass over real HTTP, from the first login to an API call with a token.",
    ),
    "import": _Entry(f"{_SERVER}.import_:import_", "Import the applications of another system."),
    "keygen": _Entry(
        f"{_CLIENT}.cli.keygen:keygen", "Make a key pair, and print its public key to register."
    ),
    "keys": _Entry(
        f"{_SERVER}.system.keys:keys",
        "List and rotate the keys of tokens, and rotate the master key that encrypts them.",
    ),
    "mail": _Entry(
        f"{_SERVER}.system.mail:mail",
        "List the mail that was sent or could not be sent, send it again, send a test.",
    ),
    "migrate": _Entry(
        f"{_SERVER}.server.migrate:migrate",
        "Bring the tables of both databases to this version, and print each step.",
    ),
    "operator": _Entry(
        f"{_SERVER}.users.operator:operator",
        "Manage the operators: people of your company, with roles in each environment.",
    ),
    "organization": _Entry(
        f"{_SERVER}.organization.command:organization",
        "Create and manage organizations (partners).",
    ),
    "policy": _Entry(
        f"{_SERVER}.organization.policy:policy",
        "Show and set what is demanded of the people who log in to the portal.",
    ),
    "resource": _Entry(
        f"{_SERVER}.catalogue.resource:resource",
        "Manage the resources (APIs) that an environment issues tokens for.",
    ),
    "restore": _Entry(
        f"{_SERVER}.backup.restore:restore",
        "Restore a backup into an empty place, all of it or nothing.",
    ),
    "rotate": _Entry(
        f"{_CLIENT}.cli.rotate.command:rotate",
        "Replace the client secret in a secret store, without a gap.",
    ),
    "scan": _Entry(f"{_CLIENT}.cli.scan:scan", "Find client secrets and access tokens in files."),
    "scope": _Entry(f"{_SERVER}.catalogue.scope:scope", "Manage the scopes of an environment."),
    "serve": _Entry(f"{_SERVER}.server.serve:serve", "Run the server until SIGTERM or Ctrl-C."),
    "settings": _Entry(f"{_SERVER}.server.settings:settings", "Show and check the settings."),
    "single-sign-on": _Entry(
        f"{_SERVER}.users.single_sign_on:single_sign_on",
        "Show an organization's OpenID provider, and turn it off when nobody gets in.",
    ),
    "token": _Entry(f"{_CLIENT}.cli.root:token", "Print a fresh access token."),
    "user": _Entry(
        f"{_SERVER}.users.user:user",
        "List the people who log in to the portal, and help those who cannot.",
    ),
    "webhook": _Entry(
        f"{_SERVER}.webhook.command:webhook",
        "Send events to programs of yours or of an organization.",
    ),
}
_COLLECT_AFTER = 50_000  # objects: imports make many that stay, and looking at them costs a tenth
_NEEDS_SERVER = "this command needs gatepass[server]: pip install 'gatepass[server]'"
_SERVER_LIBRARIES = ("pydantic_settings", "sqlalchemy", "uvicorn")  # some libraries of the extra


class _Root(CommandGroup):
    """The client's commands, and the server's if the `server` extra is installed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the caller's signature
        has_server = all(map(find_spec, _SERVER_LIBRARIES))
        return [
            name
            for name, entry in _COMMANDS.items()
            if has_server or entry.target.startswith(_CLIENT)
        ]

    def summaries(self, ctx: click.Context) -> dict[str, str]:
        return {name: _COMMANDS[name].summary for name in self.list_commands(ctx)}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = _COMMANDS.get(cmd_name)
        if entry is None:
            return None
        return cast("click.Command", resolve_name(entry.target))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the names that start with `incomplete`, without importing the commands."""
        from click.shell_completion import CompletionItem

        return [
            *(
                CompletionItem(name, help=summary)
                for name, summary in self.summaries(ctx).items()
                if name.startswith(incomplete)
            ),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as missing:
            if (missing.name or "gatepass").partition(".")[0] == "gatepass":  # a bug
                raise
            raise click.ClickException(_NEEDS_SERVER) from None


@click.group(
    cls=_Root,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example("gatepass demo", "gatepass COMMAND --help"),
)
@click.version_option(package_name="gatepass", message="%(prog)s %(version)s")
def main() -> None:
    """Server-to-server authentication for partner APIs."""


def run() -> None:
    """Run the command line in a process of its own."""
    gc.set_threshold(_COLLECT_AFTER)
    main(prog_name="gatepass")
