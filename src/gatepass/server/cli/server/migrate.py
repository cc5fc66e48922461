"""`gatepass migrate`: show and do what brings the databases to this version."""

from collections.abc import Iterator, Sequence

import click

from gatepass.command_group import example
from gatepass.server.cli.terminal import errors, local_data, options, printing
from gatepass.server.configuration.settings import Settings
from gatepass.server.environment import data_directory, databases
from gatepass.server.environment.databases import NAMES
from gatepass.server.storage.migrations.revisions import NEWEST, Migration, load
from gatepass.server.storage.migrations.state import Schema
from gatepass.server.storage.postgresql.address import without_password
from gatepass.wire.credential import Mode


@click.command(epilog=example("gatepass migrate --dry-run", "gatepass migrate"))
@options.target_options
@click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
def migrate(target: options.Target, *, dry_run: bool) -> None:
    """Bring the tables of both databases to this version, and print each step.

    A database that is new gets its tables; keys are made by the first start of the server.
    """
    settings = local_data.settings_of(target)
    with errors.one_line_errors():
        schemas = data_directory.look(settings)
        known = load()
        for mode, schema in schemas.items():
            click.echo(f"{NAMES[mode]}: {_place(settings, mode)}")
            for line in _plan(schema, known):
                click.echo(f"  {line}")
        if dry_run:
            click.echo("Nothing was changed.")
        elif not all(schema.is_newest for schema in schemas.values()):
            with printing.progress_bar() as show:
                steps = len(known)
                data_directory.migrate(settings, lambda mode: show(NAMES[mode], 1, steps))
            click.echo("Done.")


def _place(settings: Settings, mode: Mode) -> str:
    address = settings.environment(mode).database
    return without_password(address) if address else str(databases.file(settings.data, mode))


def _plan(schema: Schema, known: Sequence[Migration]) -> Iterator[str]:
    if schema.is_newest:
        yield f"at revision {schema.revision}, nothing to do"
        if schema.revision != NEWEST:
            yield f"made by the newer Gatepass {schema.program}; this one can work with it"
        return
    at = schema.revision or ""
    left = [each for each in known if each.revision > at]
    yield f"from {f'revision {at}' if at else 'an empty database'} to revision {NEWEST}"
    for each in left:
        yield f"{each.revision}  {each.kind:8}  {each.summary}"
    oldest = max(each.oldest_compatible for each in left)
    if not at:
        return
    if oldest <= at:
        yield "The version before works with this, too: it can run meanwhile, and again later."
    else:
        yield f"Programs from before revision {oldest} do not work with this: stop them first."
        yield "To go back you need a backup from before: make one now."
