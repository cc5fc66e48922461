"""`gatepass check`: the doctor, as lines with a tick or what to do."""

import json
import logging
import os
import time
from dataclasses import asdict

import click

from gatepass.client.cli.terminal import fitting
from gatepass.command_group import example


@click.command(epilog=example("gatepass check --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
def check(*, as_json: bool) -> None:
    """Check settings, network, TLS, clock, metadata, credentials and scope.

    The settings are those of `gatepass token`. One token is asked for. Exit status: 0 where
    nothing failed (warnings do not fail), else 1. What cannot be tried after a failure is left
    out; --json has it as skipped.
    """
    from gatepass.client.doctor.diagnosis import examine  # httpx2 takes a while to load
    from gatepass.client.doctor.findings import Outcome

    # The findings have what is logged meanwhile.
    logging.getLogger("gatepass.client").addHandler(logging.NullHandler())
    signs = {
        Outcome.OK: click.style("\u2713", fg="green"),
        Outcome.WARNING: click.style("!", fg="yellow"),
        Outcome.FAILED: click.style("\u2717", fg="red"),
        Outcome.SKIPPED: click.style("-", dim=True),
    }
    findings, is_failed = [], False
    for line in examine(os.environ, time.time):
        findings.append(line)
        is_failed = is_failed or line.outcome is Outcome.FAILED
        if as_json or (is_failed and line.outcome is Outcome.SKIPPED):
            continue  # skipped after a failure: not for people
        # each line at once: the network may be slow
        click.echo(fitting(f"{signs[line.outcome]} {line.check}: {line.message}"))
    if as_json:
        click.echo(json.dumps([asdict(line) for line in findings]))
    failed = [line.check for line in findings if line.outcome is Outcome.FAILED]
    if failed:
        raise click.ClickException(f"failed: {', '.join(failed)}; the line of each says what to do")
