"""`gatepass copy`: copies all data to another place."""

from pathlib import Path

import click

from gatepass.command_group import example
from gatepass.server.cli.terminal import errors, printing
from gatepass.server.environment.backup.copy import IN_USE, copy, settings_of
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.observability import logging
from gatepass.server.serving.processes import published_addresses

_PLACE = click.Path(path_type=Path)


@click.command(
    "copy",
    epilog=example(
        "gatepass copy /srv/gatepass /srv/gatepass-postgresql",
        "gatepass copy /srv/gatepass/gatepass.toml new.toml",
    ),
)
@click.argument("source", type=_PLACE)
@click.argument("target", type=_PLACE)
def copy_(source: Path, target: Path) -> None:
    """Copy all data to another place, as from SQLite to PostgreSQL.

    SOURCE and TARGET are data directories, whose gatepass.toml is read if there is one, or settings
    files (*.toml). GATEPASS_ variables do not count, except for the master key. Stop the server
    first; the target must be empty. Every table is compared afterwards. Credentials, tokens and
    sessions stay valid. A copy that was interrupted goes on when this is run again.
    """
    with errors.one_line_errors(), printing.progress_bar() as progress:
        origin, place = settings_of(source), settings_of(target)
        logging.configure(origin.log_format)
        if published_addresses.issuers(origin.data):
            raise BackupError(IN_USE)
        copied = copy(origin, place, progress)
    for name, rows in copied.items():
        tables = ", ".join(f"{table} {count}" for table, count in sorted(rows.items()) if count)
        click.echo(f"{name}: every table is the same in both places ({tables or 'no rows'}).")
    click.echo(f"Start the server with the target from now on, and keep {source} unused.")
