"""`gatepass scan`: never commit credentials."""

import json
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import click

from gatepass.client.cli.terminal import fitting
from gatepass.client.scanner.detector import SECRETS, Finding, find
from gatepass.client.scanner.files import Content, under
from gatepass.client.scanner.private_keys import KeyFinding, KeyWatch
from gatepass.command_group import example
from gatepass.wire.credential import Kind

_ADVICE = (
    "rotate each in the portal, because anyone who saw it can use it, and take it out of the file; "
    "a sample may stay with the words 'gatepass: allow' on its line"
)
_NOT_ALL_READ = 2  # exit status


@click.command(epilog=example("gatepass scan --staged"))
@click.option("--staged", is_flag=True, help="What is staged in git, of PATHS or all.")
@click.option("--ids", is_flag=True, help="Also client ids, which are no secrets.")
@click.option("--keys", is_flag=True, help="Also private keys, in PEM or JWK, of any program.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
@click.argument("paths", nargs=-1)
def scan(*, staged: bool, ids: bool, keys: bool, as_json: bool, paths: tuple[str, ...]) -> None:
    """Find client secrets and access tokens in files.

    PATHS are files and directories, `-` is standard input. A credential is known by its prefix
    and checksum, so there are no false alarms; base64, as in Basic headers, is looked into. A
    private key is known by its form, so --keys finds those of other programs, too.
    Exit status: 0 nothing found, 1 found, 2 nothing found but not everything could be read.
    """
    if not staged and not paths:
        raise click.UsageError("name a PATH to scan, or use --staged")
    kinds = SECRETS | {Kind.CLIENT_ID} if ids else SECRETS
    contents = _staged(paths) if staged else under(paths)
    scanned = _look(contents, kinds, with_keys=keys)
    hits = sorted(scanned.found, key=lambda hit: (hit[0], hit[1].line, hit[1].column))
    if as_json:
        click.echo(json.dumps([_fields(path, finding) for path, finding in hits]))
    else:
        for path, finding in hits:
            click.echo(fitting(f"{_printable(path)}:{finding.line}:{finding.column}: {finding}"))
    for path, why in sorted(scanned.unread):
        click.echo(f"Error: {_printable(path)} cannot be read ({why})", err=True)
    if hits:
        many = "1 credential" if len(hits) == 1 else f"{len(hits)} credentials"
        raise click.ClickException(f"{many} found: {_ADVICE}")
    sys.exit(_NOT_ALL_READ if scanned.unread else 0)


@dataclass(frozen=True, slots=True)
class _Scanned:
    """What was found where, and what could not be read and why; a file named twice counts once."""

    found: set[tuple[str, Finding | KeyFinding]] = field(default_factory=set)
    unread: set[tuple[str, str]] = field(default_factory=set)


def _look(contents: Iterable[Content], kinds: Collection[Kind], *, with_keys: bool) -> _Scanned:
    scanned = _Scanned()
    for path, chunks in contents:
        try:
            watch = KeyWatch()
            passed = watch.passing(chunks) if with_keys else chunks
            scanned.found.update((path, finding) for finding in find(passed, kinds))
            scanned.found.update((path, finding) for finding in watch.found)
        except OSError as error:
            scanned.unread.add((path, error.strerror or type(error).__name__))
    return scanned


def _staged(paths: tuple[str, ...]) -> Iterator[Content]:
    from gatepass.client.scanner.git_index import (  # starts processes; seldom needed
        GitFailed,
        contents,
    )

    try:
        yield from contents(paths)
    except GitFailed as error:
        raise click.ClickException(str(error)) from None


def _fields(path: str, finding: Finding | KeyFinding) -> dict[str, object]:
    if isinstance(finding, KeyFinding):
        return {
            "path": _printable(path),
            "line": finding.line,
            "column": finding.column,
            "kind": "private_key",
            "form": finding.form,
        }
    return {
        "path": _printable(path),
        "line": finding.line,
        "column": finding.column,
        "kind": finding.kind.name.lower(),
        "environment": finding.environment,
        "shown": finding.shown,
        "encoded": finding.encoded,
    }


def _printable(path: str) -> str:
    """Show a file name on one line, whatever is in it."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in path)
