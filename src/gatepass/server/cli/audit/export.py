"""`gatepass audit export`: entries as CSV for spreadsheets, or as JSON Lines with their digests."""

import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

import click

from gatepass.command_group import example
from gatepass.server.cli.audit.reading import Chosen, arguments_of, filter_options, row
from gatepass.server.cli.operations.model import every
from gatepass.server.cli.operations.opening import opened, server_options
from gatepass.server.cli.terminal import options
from gatepass.server.domain.audit.model import Entry


@click.command(
    epilog=example(
        "gatepass audit export --format csv --since 2026-11-01 --output november.csv",
        "gatepass audit export --format json-lines --organization ORG_ID | gzip > acme.jsonl.gz",
    )
)
@click.option(
    "--format", "form", type=click.Choice(["csv", "json-lines"]), required=True, help="Of the file."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file, which only its owner can read. [default: standard output]",
)
@filter_options
@server_options
def export(*, chosen: Chosen, form: str, output: Path | None, target: options.Target) -> None:
    """Write entries of the audit trail to a file, the oldest first, without a limit.

    JSON Lines have each entry with its details and the digest of its link. CSV has what happened
    in words, and no cell that a spreadsheet takes for a formula.
    """
    with opened(target) as operations:
        found = every(operations, "audit.export", arguments_of(chosen))
        lines = _csv(found) if form == "csv" else _json_lines(found)
        if output is None:
            sys.stdout.writelines(lines)
            return
        with _new_file(output) as file:
            file.writelines(lines)
    click.echo(f"The entries are in {output}.", err=True)


def _csv(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    # The portal's words; its modules take a quarter of a second to load.
    from gatepass.server.portal.pages.activity import in_words
    from gatepass.server.portal.presentation.activity_export import as_csv

    return as_csv(map(_numbered, found), in_words, is_of_all=True)


def _json_lines(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    for each in found:
        yield json.dumps(row(each) | {"link": each["link"]}) + "\n"


def _numbered(found: dict[str, Any]) -> tuple[int, Entry]:
    at, org_id = datetime.fromisoformat(found["at"]), found["org_id"]
    others = (found[name] for name in ("actor", "action", "subject", "result", "source", "detail"))
    return found["number"], Entry(at, UUID(org_id) if org_id else None, *others)


def _new_file(path: Path) -> TextIO:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")
