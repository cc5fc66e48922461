"""`gatepass audit`: reads the audit trail, of all organizations and of the operator."""

import json
from itertools import islice

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli import options
from gatepass.server.cli.audit import erase, export, verify
from gatepass.server.cli.audit.reading import Chosen, as_object, entries_of, filter_options


@click.group(cls=CommandGroup, epilog=example("gatepass audit list --refused"))
def audit() -> None:
    """Search, export and verify the record of who changed what, and what was refused."""


for _command in (verify.verify, verify.checkpoint_, erase.erase, export.export):
    audit.add_command(_command)


@audit.command(
    "list",
    epilog=example(
        "gatepass audit list --organization ORG_ID --since 2026-11-01",
        "gatepass audit list --json-lines > audit.jsonl",
    ),
)
@filter_options
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@options.reading_options
def list_(*, chosen: Chosen, limit: int, target: options.Target, is_json: bool) -> None:
    """List entries of the audit trail, the newest first, with the names of the operator's people.

    An entry is kept for 400 days. With --json-lines all are printed, without a limit.
    """
    with options.environment_of(target) as environment:
        found = entries_of(environment, chosen)
        if options.has_lines():
            for number, entry in found:
                click.echo(json.dumps(as_object(number, entry)))
            return
        rows = [as_object(*each) for each in islice(found, limit)]
    if not is_json:
        rows = [{**row, "detail": json.dumps(row["detail"], ensure_ascii=False)} for row in rows]
    options.show_list(rows, "No entry of the audit trail is like that.", is_json=is_json)
