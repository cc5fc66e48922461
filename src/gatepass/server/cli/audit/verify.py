"""`gatepass audit verify` and `gatepass audit checkpoint`: whether the trail was tampered with."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TextIO

import click

from gatepass.command_group import example
from gatepass.server.admin.operations.system.audit_proof import anchors_of
from gatepass.server.cli.operations.model import Operations
from gatepass.server.cli.operations.opening import opened, reading_options
from gatepass.server.cli.terminal import local_data, options, printing
from gatepass.server.domain.audit.chain import checkpoint, store, verification
from gatepass.server.domain.audit.chain.operations import ChainBrokenError, make_checkpoint
from gatepass.server.domain.audit.chain.verification import Finding, Report
from gatepass.server.environment.backup.progress import Progress
from gatepass.server.environment.environment import Environment
from gatepass.server.storage import deadline

_NOT_WHOLE = 1
_AT_ONCE = timedelta(0)
_LARGEST_PART = 10_000  # entries that one request verifies
_SHOWN = 50  # findings, on a page for people
_OUTSIDE_HERE = "--checkpoints works only on the server's own machine: run the command there."
_OLD = (
    "The tables are those of the version before, which have no chain. Bring them to this "
    "version: gatepass migrate"
)


@click.command(
    epilog=example(
        "gatepass audit verify",
        "gatepass audit verify --checkpoints /var/log/gatepass.log --json",
    )
)
@click.option(
    "--checkpoints",
    "outside",
    type=click.File("r", encoding="utf-8", errors="replace"),
    help="File with checkpoints that left the server, such as its log; - is standard input.",
)
@reading_options
def verify(target: options.Target, *, outside: TextIO | None, is_json: bool) -> None:
    """Verify that no entry of the audit trail was changed, deleted, added or moved.

    Who can write to the database could also rewrite the whole chain: give checkpoints from
    outside to find that, too. The exit status is 0 if the trail is whole, otherwise 1.
    """
    if target.server:
        if outside:
            raise click.UsageError(_OUTSIDE_HERE)
        with opened(target) as operations:
            report = _report_of_parts(operations)
    else:
        report = _report(target, outside)
    if is_json or options.has_lines():
        printing.show(_object(report), is_json=True)
    else:
        for line in _lines(report):
            click.echo(line)
    if not report.is_whole:
        raise SystemExit(_NOT_WHOLE)


def _report(target: options.Target, outside: TextIO | None) -> Report:
    """Verify the trail of this machine."""
    with local_data.environment_of(target) as environment:
        _check_tables(environment)
        given = list(checkpoint.found_in(outside)) if outside else []
        if outside and not given:
            raise click.ClickException("There is no checkpoint in the file.")
        with deadline.each(deadline.LONG), printing.progress_bar() as show:
            read = _Progress(show)
            return verification.verify(
                environment.database, anchors_of(environment, given), environment.now(), read.show
            )


def _report_of_parts(operations: Operations) -> Report:
    """Verify the trail of another server, part by part."""
    whole, after = Report(), None
    while True:
        part = operations.perform(
            "audit.verify", {"limit": _LARGEST_PART, "after_link": after}
        ).result
        if after is None:
            whole.first = part["first_link"]
        whole.last = after = part["last_link"]
        whole.entries += part["entries"]
        whole.erased += part["erased"]
        whole.not_covered += part["not_covered"]
        whole.checkpoints += part["checkpoints"]
        whole.counts.update(part["counts"])
        whole.findings += (Finding(**each) for each in part["findings"])
        if not part["has_more"]:
            return whole


@click.command(epilog=example("gatepass audit checkpoint >> checkpoints.txt"))
@options.data_options
@click.option(
    "--environment",
    "environment_name",
    type=click.Choice(["production", "sandbox"]),
    default="production",
    show_default=True,
    envvar="GATEPASS_ENVIRONMENT",
)
def checkpoint_(target: options.Target) -> None:
    """Make a checkpoint now, if entries were added since the last one, and print the newest.

    The server makes one each hour and writes it to its log. Keep them where nobody who can
    write to the database can change them.
    """
    with local_data.environment_of(target) as environment:
        _check_tables(environment)
        key = environment.keys.signing_keys[environment.algorithm]
        try:
            made = make_checkpoint(environment.context, key, environment.issuer, _AT_ONCE)
        except ChainBrokenError as error:
            raise click.ClickException(f"Nothing was signed: {error}.") from None
        if made is None:
            with environment.database.read() as connection:
                made = store.last_checkpoint(connection)
    if made is None:
        raise click.ClickException("The audit trail has no entry yet.")
    click.echo(made.statement)


checkpoint_.name = "checkpoint"


class _Progress:
    """Turns how many links were read into how many more, as a bar wants it."""

    def __init__(self, show: Progress) -> None:
        self._show = show
        self._done = 0

    def show(self, done: int, rows: int) -> None:
        """Show that `done` of `rows` links were read."""
        self._show("Links", done - self._done, rows)
        self._done = done


def _check_tables(environment: Environment) -> None:
    with environment.database.read() as connection:
        if not environment.database.has(connection, store.REVISION):
            raise click.ClickException(_OLD)


def _object(report: Report) -> dict[str, object]:
    return {
        "whole": report.is_whole,
        "entries": report.entries,
        "first_link": report.first,
        "last_link": report.last,
        "erased": report.erased,
        "not_covered": report.not_covered,
        "checkpoints": report.checkpoints,
        "checkpoints_from_outside": report.outside,
        "counts": dict(report.counts),
        "findings": [each._asdict() for each in report.findings],
    }


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.entries} entries verified, links {report.first} to {report.last}."
    if report.not_covered:
        yield f"{report.not_covered} entries are from before the chain began: they are not covered."
    if report.erased:
        yield f"{report.erased} entries have fields that were erased, as the trail records."
    yield (
        f"{report.checkpoints} checkpoints are kept, and {report.outside} from outside were "
        "compared."
    )
    for each in report.findings[:_SHOWN]:
        yield f"{each.kind} {each.number}: {each.what}"
    left = sum(report.counts.values()) - min(len(report.findings), _SHOWN)
    if left:
        yield f"... and {left} more; see --json."
    yield (
        "The audit trail is whole."
        if report.is_whole
        else "The audit trail is NOT whole: it was changed after it was written, or the database "
        "was restored from an older backup. Keep a copy of the database before anything else."
    )
