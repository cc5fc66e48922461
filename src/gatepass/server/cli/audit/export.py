"""`gatepass audit export`: entries as CSV for spreadsheets, or as JSON Lines with their digests."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

from gatepass.command_group import example
from gatepass.server.cli import options
from gatepass.server.cli.audit.reading import Chosen, as_object, entries_of, filter_options
from gatepass.server.domain.audit.chain import store as chain
from gatepass.server.domain.audit.model import Entry
from gatepass.server.environment.environment import Environment

_AT_ONCE = 500  # entries whose links are read together


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
@click.option(
    "--environment",
    "environment_name",
    type=click.Choice(["production", "sandbox"]),
    default="production",
    show_default=True,
    envvar="GATEPASS_ENVIRONMENT",
)
@options.data_options
def export(*, chosen: Chosen, form: str, output: Path | None, target: options.Target) -> None:
    """Write entries of the audit trail to a file, the newest first, without a limit.

    JSON Lines have each entry with its details and the digest of its link. CSV has what happened
    in words, and no cell that a spreadsheet takes for a formula.
    """
    with options.environment_of(target) as environment:
        found = entries_of(environment, chosen)
        lines = _csv(found) if form == "csv" else _json_lines(environment, found)
        if output is None:
            sys.stdout.writelines(lines)
            return
        with _new_file(output) as file:
            file.writelines(lines)
    click.echo(f"The entries are in {output}.", err=True)


def _csv(found: Iterator[tuple[int, Entry]]) -> Iterator[str]:
    # The portal's words; its modules take a quarter of a second to load.
    from gatepass.server.portal.pages.activity import in_words
    from gatepass.server.portal.presentation.activity_export import as_csv

    return as_csv(found, in_words, is_of_all=True)


def _json_lines(environment: Environment, found: Iterator[tuple[int, Entry]]) -> Iterator[str]:
    part: list[tuple[int, Entry]] = []
    for each in found:
        part.append(each)
        if len(part) == _AT_ONCE:
            yield from _with_digests(environment, part)
            part = []
    yield from _with_digests(environment, part)


def _with_digests(environment: Environment, part: list[tuple[int, Entry]]) -> Iterator[str]:
    with environment.database.read() as connection:
        has_chain = environment.database.has(connection, chain.REVISION)
        numbers = [number for number, _ in part]
        links = chain.links_of(connection, numbers) if has_chain else {}
    for number, entry in part:
        link = links.get(number)
        digest = {"link": link.digest.hex() if link else None}
        yield json.dumps(as_object(number, entry) | digest) + "\n"


def _new_file(path: Path) -> TextIO:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")
