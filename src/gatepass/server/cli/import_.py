"""`gatepass import`: imports applications of another system, with their credentials."""

import gc
import json
import stat
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, cast, get_args

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.terminal import errors, local_data, options, printing
from gatepass.server.domain.applications.model import check_scope
from gatepass.server.domain.imports import operations
from gatepass.server.domain.imports.django_oauth_toolkit import store as django_oauth_toolkit
from gatepass.server.domain.imports.django_oauth_toolkit.store import has_password
from gatepass.server.domain.imports.model import (
    ImportOptions,
    OrganizationBy,
    Outcome,
    SourceError,
    State,
)
from gatepass.wire.scope import Scope

_NO_USERS = """\
The import adds no portal users. Add an administrator to an organization:
  gatepass organization add-admin ORG_ID --admin USERNAME --environment {environment}"""


_BUFFER = 1 << 20  # characters

_SHOWN = """\
Warning: the password in DATABASE_URL is visible in the process list and in the shell's history.
Use --url-file for the URL, or PGPASSWORD or PGPASSFILE for the password."""


@click.group(
    "import", cls=CommandGroup, epilog=example("gatepass import django-oauth-toolkit --help")
)
def import_() -> None:
    """Import the applications of another system."""


@import_.command(
    "django-oauth-toolkit",
    epilog=example(
        "gatepass import django-oauth-toolkit --url-file old.url --organization-by user --dry-run"
    ),
)
@click.argument("database_url", required=False)
@click.option(
    "--url-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the database URL, instead of DATABASE_URL.",
)
@click.option(
    "--organization-by",
    type=click.Choice(get_args(OrganizationBy)),
    required=True,
    help="user: one organization for each user of the source; none: one for all.",
)
@click.option("--scope", help="Scope of each application. [default: as in the catalogue]")
@click.option(
    "--application-table",
    default=django_oauth_toolkit.APPLICATIONS,
    show_default=True,
    help="Table of a custom application model.",
)
@click.option("--user-table", help="Table of the users. [default: detected]")
@click.option("--dry-run", is_flag=True, help="Show what would be done, without changes.")
@options.environment_option_to_change
@options.as_json
def django_oauth_toolkit_(  # noqa: PLR0913 - one parameter for each option
    database_url: str | None,
    url_file: Path | None,
    organization_by: str,
    scope: str | None,
    application_table: str,
    user_table: str | None,
    target: options.Target,
    *,
    dry_run: bool,
    is_json: bool,
) -> None:
    """Import django-oauth-toolkit's confidential client-credentials applications.

    DATABASE_URL is sqlite:///PATH or postgresql://USER@HOST/NAME; it is only read.
    Put a password into --url-file, PGPASSWORD or PGPASSFILE: other users of this machine
    can see arguments. Client ids and secrets stay valid. Repeat it to import what is new.
    """
    gc.disable()  # what is made for each application has no cycles, and takes a third less time
    with errors.one_line_errors():
        url = _address(database_url, url_file)
        found = django_oauth_toolkit.applications(
            url, application_table, user_table, with_users=organization_by == "user"
        )
    with closing(found), local_data.environment_of(target, creates=True) as environment:
        catalogue = environment.catalogue
        chosen = catalogue.defaults if scope is None else Scope.parse(scope)
        terms = ImportOptions(
            django_oauth_toolkit.NAME,
            check_scope(chosen, catalogue.everything),
            cast("OrganizationBy", organization_by),
        )
        outcomes = operations.import_applications(
            environment.context, options.operator(), found, terms, dry_run=dry_run
        )
        outcomes = printing.counted(outcomes, "applications")
        report = _Report(outcomes, environment.name, is_dry=dry_run, is_json=is_json)
    report.print()


def _address(argument: str | None, url_file: Path | None) -> str:
    """Return the database URL; warn if the process list shows its password."""
    if (argument is None) == (url_file is None):
        raise click.UsageError("Give either DATABASE_URL or --url-file.")
    if url_file is not None:
        return _read_address(url_file)
    assert argument is not None  # noqa: S101 - one of them is given
    if has_password(argument):
        click.echo(_SHOWN, err=True)
    return argument


def _read_address(file: Path) -> str:
    """Return the URL in a file; warn if others can read it. Raises SourceError."""
    try:
        address = file.read_text(encoding="utf-8").strip()
        is_open = file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    except (OSError, UnicodeDecodeError):
        raise SourceError(f"{file} is not readable as UTF-8 text.") from None
    if not address:
        raise SourceError(f"{file} is empty. Write the database URL into it.")
    if has_password(address) and is_open:
        click.echo(f"Warning: others can read {file}. Run: chmod 600 {file}", err=True)
    return address


class _Report:
    """What became of each application, by state; in temporary files, as there may be millions."""

    def __init__(
        self, outcomes: Iterable[Outcome], environment: str, *, is_dry: bool, is_json: bool
    ) -> None:
        self._note = _NO_USERS.format(environment=environment)
        self._environment = environment
        self._is_dry = is_dry
        self._is_json = is_json
        self._files = {state: _temporary_file() for state in get_args(State)}
        self._counts = Counter[str]()
        for each in outcomes:
            between = ", " if is_json and self._counts[each.state] else ""
            text = json.dumps(_row(each)) if is_json else f"  {_line(each)}\n"
            self._files[each.state].write(between + text)
            self._counts[each.state] += 1

    def print(self) -> None:
        """Print it, as JSON or for people."""
        if self._is_json:
            head = json.dumps({"environment": self._environment, "dry_run": self._is_dry})
            click.echo(head.removesuffix("}"), nl=False)
            for state in self._files:
                click.echo(f', "{state.replace(" ", "_")}": [', nl=False)
                self._print_rows(state)
                click.echo("]", nl=False)
            click.echo(f', "note": {json.dumps(" ".join(self._note.split()))}}}')
            return
        for state in self._files:
            would = "would be " if self._is_dry and state == "imported" else ""
            count = self._counts[state]
            click.echo(f"{count} {would}{state}{':' if count else ''}")
            self._print_rows(state)
        if self._counts["imported"]:
            click.echo(f"\n{self._note}")

    def _print_rows(self, state: State) -> None:
        with self._files[state] as file:
            file.seek(0)
            while text := file.read(_BUFFER):
                click.echo(text, nl=False)


def _temporary_file() -> IO[str]:
    return SpooledTemporaryFile(_BUFFER, "w+", encoding="utf-8", errors="surrogatepass")


def _row(each: Outcome) -> dict[str, object]:
    return {
        "client_id": each.client_id,
        "name": each.name,
        "org_id": each.org_id and str(each.org_id),
        "organization": each.organization,
        "secret": each.way,
        "notes": list(each.notes),
    }


def _line(each: Outcome) -> str:
    where = f"in {each.organization} ({each.org_id or 'new'})" if each.organization else ""
    parts = (where, f"secret {each.way}" if each.way else "", *each.notes)
    details = "; ".join(part for part in parts if part)
    who = f"{each.client_id}  {each.name}".rstrip()
    if not who.isprintable():
        who = "".join(char if char.isprintable() else "?" for char in who)
    return f"{who}: {details}" if details else who
