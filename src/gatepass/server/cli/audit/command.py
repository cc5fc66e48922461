"""`gatepass audit`: reads the audit trail, of all organizations and of the operator."""

import json
from itertools import islice

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.audit import erase, export, verify
from gatepass.server.cli.audit.reading import Chosen, arguments_of, filter_options, row
from gatepass.server.cli.operations.model import every
from gatepass.server.cli.operations.opening import opened, reading_options
from gatepass.server.cli.terminal import options, printing


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
@reading_options
def list_(*, chosen: Chosen, limit: int, target: options.Target, is_json: bool) -> None:
    """List entries of the audit trail, the newest first, with the names of the operator's people.

    An entry is kept for 400 days. With --json-lines all are printed, without a limit.
    """
    with opened(target) as operations:
        found = every(operations, "audit.list", arguments_of(chosen))
        if options.has_lines():
            for each in found:
                click.echo(json.dumps(row(each)))
            return
        rows = [row(each) for each in islice(found, limit)]
    if not is_json:
        rows = [{**each, "detail": json.dumps(each["detail"], ensure_ascii=False)} for each in rows]
    printing.show_list(rows, "No entry of the audit trail is like that.", is_json=is_json)
