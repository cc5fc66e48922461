"""What the commands share: their options, how a command opens an environment, how it speaks."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click
import structlog

from gatepass.server.configuration.environment_variables import service_variables
from gatepass.server.domain.imports.model import SourceError
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.environment import data_directory
from gatepass.server.environment.environment import NAMES, Environment
from gatepass.server.observability import logging
from gatepass.server.serving.processes import published_addresses
from gatepass.server.settings import Settings, SettingsError, load
from gatepass.server.storage.database import NotFoundError
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError

Command = TypeVar("Command", bound=Callable[..., Any])
_MARKS = {name: mode for mode, name in NAMES.items()}
_ENVIRONMENT = "GATEPASS_ENVIRONMENT"
_NO_DATA = (
    "There is no Gatepass data in {}. Choose the directory with --data, "
    "or create one: gatepass serve"
)
_SERVICE = "it contains the address of a Kubernetes Service, not a port; enableServiceLinks sets it"

log = structlog.get_logger("gatepass.server")


def where(command: Command) -> Command:
    """Add --data and --config."""
    command = click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="Settings file. [default: gatepass.toml in the data directory, if it exists]",
    )(command)
    return click.option(
        "--data", type=click.Path(path_type=Path), help="Data directory. [default: ./gatepass-data]"
    )(command)


def which(command: Command) -> Command:
    """Add --environment, beside --data and --config, to a command that only reads."""
    return _environment_option(NAMES[Mode.LIVE], "[default: production]")(where(command))


def which_to_change(command: Command) -> Command:
    """Add --environment to a command that changes something: None where it has to be found out."""
    default = "[default: production, unless both contain organizations]"
    return _environment_option(None, default)(where(command))


def _environment_option(value: str | None, default: str) -> Callable[[Command], Command]:
    return click.option(
        "--environment",
        "environment_name",
        type=click.Choice(list(_MARKS)),
        default=value,
        envvar=_ENVIRONMENT,
        help=f"Also read from {_ENVIRONMENT}. {default}",
    )


def as_json(command: Command) -> Command:
    """Add --json."""
    return click.option("--json", "is_json", is_flag=True, help="Print JSON.")(command)


def settings_of(data: Path | None, config: Path | None, **given: object) -> Settings:
    """Read the settings and set up the log; a mistake ends the command with one line."""
    with one_line():
        settings = load(config, data=data, **given)
    logging.configure(settings.log_format)
    for name in service_variables(os.environ):
        log.warning("settings.variable_ignored", variable=name, reason=_SERVICE)
    return settings


@contextmanager
def environment_of(
    data: Path | None, config: Path | None, environment_name: str | None, *, creates: bool = False
) -> Iterator[Environment]:
    """Open an environment for a command; one that `creates` makes the data directory if need be.

    Without a name it is production, unless both environments hold organizations: then the person
    at the terminal is asked, and without one the command ends with status 2.
    """
    settings = settings_of(data, config)
    with one_line():
        issuers = published_addresses.issuers(settings.data)
        if issuers:  # what this server calls itself holds, not what this command would
            given = {name: {"issuer": issuer} for name, issuer in issuers.items()}
            settings = load(config, data=data, **given)
        if data_directory.is_new(settings):
            if not creates:
                raise data_directory.ServingError(_NO_DATA.format(settings.data))
            data_directory.prepare(settings)
        data_directory.open_directory(settings)
        mode = _MARKS[environment_name] if environment_name else _mark_to_change(settings)
        with data_directory.opened(settings, mode) as environment:
            yield environment


def confirm(question: str, *, yes: bool) -> None:
    """Ask before what cannot be undone, unless `yes`; without a terminal that is an error."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.ClickException(
            "Nothing is done. Confirm with --yes, or run the command on a terminal."
        )
    if not click.confirm(question, err=True):
        raise click.ClickException("Nothing is done.")


def _mark_to_change(settings: Settings) -> Mode:
    if not all(_has_organizations(settings, mode) for mode in Mode):
        return Mode.LIVE
    if not sys.stdin.isatty():
        raise click.UsageError(
            "Both environments contain organizations. Choose one with --environment "
            f"or {_ENVIRONMENT}."
        )
    chosen = click.prompt(
        "Both environments contain organizations. Which one do you want to change?",
        type=click.Choice(list(_MARKS)),
        err=True,
    )
    return _MARKS[chosen]


def _has_organizations(settings: Settings, mode: Mode) -> bool:
    with data_directory.opened(settings, mode) as environment:
        return bool(organizations.list_all(environment.context))


@contextmanager
def one_line() -> Iterator[None]:
    """Turn every expected failure into one line on standard error and exit status 1."""
    try:
        yield
    except OAuthError as refused:
        raise click.ClickException(refused.description) from None
    except NotFoundError as missing:
        raise click.ClickException(
            f"{missing} was not found. See `list`, and check --environment."
        ) from None
    except (SettingsError, MasterKeyError, data_directory.ServingError, SourceError) as error:
        raise click.ClickException(" ".join(str(error).split())) from None


def given(**values: object) -> dict[str, object]:
    """Give the options that were given; a command that got none ends with a word on that."""
    found = {name: value for name, value in values.items() if value is not None}
    if not found:
        raise click.UsageError("Nothing to change; give at least one option (see --help).")
    return found


def uuid_of(text: str) -> UUID:
    """Read an id; a text that is none is nothing that exists."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(text) from None


def show(values: Mapping[str, object], *, is_json: bool) -> None:
    """Print one thing: aligned lines, or JSON."""
    if is_json:
        click.echo(json.dumps({name: _plain(value) for name, value in values.items()}))
        return
    width = max(map(len, values)) + 2
    for name, value in values.items():
        click.echo(f"{name + ':':<{width}}{_words(value)}")


def show_list(rows: Sequence[Mapping[str, object]], nothing: str, *, is_json: bool) -> None:
    """Print several things: aligned columns under a heading, or JSON."""
    if is_json:
        plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
        click.echo(json.dumps(plain))
        return
    if not rows:
        click.echo(nothing)
        return
    names = list(rows[0])
    lines = [names]
    lines += [[_words(row[name]) for name in names] for row in rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(names))]
    for line in lines:
        columns = (f"{text:<{width}}" for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(columns).rstrip())


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat(timespec="seconds")
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def _words(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case list() | tuple():
            return "; ".join(map(_words, value)) or "-"
        case dict():
            return ", ".join(f"{name} {_words(each)}" for name, each in value.items())
        case _:
            return str(value)
