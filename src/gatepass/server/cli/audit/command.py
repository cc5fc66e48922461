"""`gatepass audit`: reads the audit trail, of all organizations and of the operator."""

import json
from itertools import islice
from typing import Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli import options
from gatepass.server.cli.audit import erase, export, verify
from gatepass.server.cli.audit.reading import Chosen, filter_options
from gatepass.server.cli.operations.model import every, moment
from gatepass.server.cli.operations.opening import opened, reading_options


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
        found = every(operations, "audit.list", _arguments(chosen))
        if options.has_lines():
            for each in found:
                click.echo(json.dumps(_row(each)))
            return
        rows = [_row(each) for each in islice(found, limit)]
    if not is_json:
        rows = [{**row, "detail": json.dumps(row["detail"], ensure_ascii=False)} for row in rows]
    options.show_list(rows, "No entry of the audit trail is like that.", is_json=is_json)


def _arguments(chosen: Chosen) -> dict[str, object]:
    wanted = chosen.wanted
    return {
        "org_id": chosen.org_id and str(options.uuid_of(chosen.org_id)),
        "actor": wanted.actor,
        "client_id": wanted.client_id,
        "action": ",".join(wanted.actions),
        "refused": wanted.only_refused,
        "since": wanted.since and wanted.since.isoformat(),
        "until": wanted.until and wanted.until.isoformat(),
    }


def _row(found: dict[str, Any]) -> dict[str, object]:
    at = moment(found["at"])
    return {
        "number": found["number"],
        "at": at and at.isoformat(timespec="seconds"),
        "organization": found["org_id"],
        "actor": found["actor"],
        "action": found["action"],
        "subject": found["subject"],
        "result": found["result"],
        "from": found["source"],
        "detail": found["detail"],
    }
