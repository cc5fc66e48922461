"""`gatepass backup`: makes and verifies backups."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.terminal import errors, local_data, options, printing
from gatepass.server.cli.terminal.options import Command
from gatepass.server.environment.backup.contents import Contents, inspect
from gatepass.server.environment.backup.encryption import (
    Encryption,
    Passphrase,
    Recipients,
    Unencrypted,
    Unlock,
)
from gatepass.server.environment.backup.errors import BackupError
from gatepass.wire.secret import Secret

PASSPHRASE = "GATEPASS_BACKUP_PASSPHRASE"  # noqa: S105 - the name of a variable
PLACE = click.argument("place", metavar="FILE|s3://BUCKET/KEY")
_DEFAULT = "create"
_HOW = (
    "Choose the encryption: --recipient, --passphrase-file, the variable "
    f"{PASSPHRASE}, or --no-encryption."
)
_NEEDS_KEY = "the master key is NOT in it. To restore you need this file and the master key."
_HAS_KEY = "the master key is in it: this file is enough to restore. Guard it accordingly."


class _BackupGroup(CommandGroup):
    """`gatepass backup FILE` is short for `gatepass backup create FILE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_BackupGroup,
    epilog=example("gatepass backup create gatepass.backup --recipient age1..."),
)
def backup() -> None:
    """Back up both environments while the server runs.

    `gatepass backup FILE` is short for `gatepass backup create FILE`.
    """


def unlock_options(command: Command) -> Command:
    """Add --identity and --passphrase-file, for a backup that is read."""
    with_passphrase = _passphrase_option(command)
    return click.option(
        "--identity",
        "identities",
        type=click.Path(path_type=Path),
        multiple=True,
        help="File with the private key of a recipient. Repeatable.",
    )(with_passphrase)


def _passphrase_option(command: Command) -> Command:
    return click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path),
        help=f"File with the passphrase. It is also read from {PASSPHRASE}, or asked for.",
    )(command)


@backup.command(
    epilog=example(
        "gatepass backup create /backups/gatepass.backup --recipient age1...",
        "gatepass backup create s3://backups/gatepass.backup --passphrase-file pass",
    )
)
@PLACE
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    help="Public key of age (age1...) or SSH that can read it. Repeatable.",
)
@_passphrase_option
@click.option("--no-encryption", is_flag=True, help="Leave it readable to whoever has the file.")
@click.option(
    "--with-master-key", is_flag=True, help="Include the master key. Only in encrypted backups."
)
@options.data_options
def create(
    *,
    place: str,
    recipients: tuple[str, ...],
    passphrase_file: Path | None,
    no_encryption: bool,
    with_master_key: bool,
    target: options.Target,
) -> None:
    """Write a backup of both environments to a new file or object, whole or not at all.

    Each environment is as it was at one moment; the server may run. Settings are not in it.
    """
    from gatepass.server.environment.backup.save import save

    if no_encryption and with_master_key:
        raise click.UsageError("A backup with the master key must be encrypted.")
    if no_encryption + bool(recipients) + (passphrase_file is not None) > 1:
        raise click.UsageError("Choose one of --recipient, --passphrase-file, --no-encryption.")
    settings = local_data.settings_of(target)
    with errors.one_line_errors(), printing.progress_bar() as progress:
        encryption = _encryption(recipients, passphrase_file, no_encryption=no_encryption)
        save(settings, place, encryption, progress, with_master_key=with_master_key)
    encrypted = "not encrypted" if no_encryption else "encrypted"
    key = _HAS_KEY if with_master_key else _NEEDS_KEY
    click.echo(f"The backup {place} is complete and {encrypted}; {key}")
    click.echo("Settings are not in it: keep a copy of gatepass.toml and the variables.")


@backup.command(epilog=example("gatepass backup verify gatepass.backup --identity key.txt"))
@PLACE
@unlock_options
def verify(place: str, identities: tuple[Path, ...], passphrase_file: Path | None) -> None:
    """Read all of a backup, check that it is whole, and print what is in it."""
    with errors.one_line_errors(), printing.progress_bar() as progress:
        found = inspect(place, unlock(identities, passphrase_file), progress)
    click.echo(f"The backup is whole. Gatepass {found.start.program} made it.")
    describe(found)
    click.echo(f"In this backup {_HAS_KEY if found.start.master_key else _NEEDS_KEY}")


def describe(contents: Contents) -> None:
    """Print when each environment was as it is in a backup, and its rows."""
    for each in contents.environments:
        click.echo(f"{each.name}, as it was at {each.taken_at} (revision {each.revision}):")
        rows = ", ".join(f"{name} {count}" for name, count in sorted(each.rows.items()) if count)
        click.echo(f"  rows: {rows or 'none'}")


def unlock(identities: tuple[Path, ...], passphrase_file: Path | None) -> Unlock:
    """Return what decrypts a backup; a passphrase is asked for only if it is needed."""
    return Unlock(identities, lambda: _passphrase(passphrase_file, _ask_once))


def _encryption(
    recipients: tuple[str, ...], passphrase_file: Path | None, *, no_encryption: bool
) -> Encryption:
    if no_encryption:
        return Unencrypted()
    if recipients:
        return Recipients(recipients)
    return Passphrase(_passphrase(passphrase_file, _ask_twice))


def _passphrase(file: Path | None, ask: Callable[[], str]) -> Secret:
    if file is not None:
        try:
            text = file.read_text().partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError):
            raise BackupError(f"The passphrase file {file} cannot be read as text.") from None
    elif os.environ.get(PASSPHRASE):
        text = os.environ[PASSPHRASE]
    elif sys.stdin.isatty():
        text = ask()
    else:
        raise BackupError(_HOW if ask is _ask_twice else _NEEDS_PASSPHRASE)
    if not text:
        raise BackupError("The passphrase is empty.")
    return Secret(text)


_NEEDS_PASSPHRASE = (
    f"The backup needs its passphrase. Give it with --passphrase-file or in {PASSPHRASE}."
)


def _ask_twice() -> str:
    text: str = click.prompt(
        "Passphrase of the backup", hide_input=True, confirmation_prompt=True, err=True
    )
    return text


def _ask_once() -> str:
    text: str = click.prompt("Passphrase of the backup", hide_input=True, err=True)
    return text
