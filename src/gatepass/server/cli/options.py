"""Shared by the commands: options, opening an environment, output and errors."""

import json
import os
import pwd
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import click
import structlog

from gatepass.server.configuration.environment_variables import service_variables
from gatepass.server.configuration.settings import Settings, SettingsError, load
from gatepass.server.domain.audit.model import OPERATOR, Actor
from gatepass.server.domain.imports.model import SourceError
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.environment import data_directory
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.progress import Progress, unseen
from gatepass.server.environment.environment import NAMES, Environment
from gatepass.server.observability import logging
from gatepass.server.serving.processes import published_addresses
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.wire.credential import Mode
from gatepass.wire.errors import OAuthError

Command = TypeVar("Command", bound=Callable[..., Any])
Item = TypeVar("Item")
_MODES = {name: mode for mode, name in NAMES.items()}
_ENVIRONMENT = "GATEPASS_ENVIRONMENT"
_AS = "GATEPASS_AS"
SERVER = "GATEPASS_SERVER"
_LONGEST_CLAIM = 100
_SHOWN_EVERY = 500
_LINES = "gatepass.json_lines"
_NARROWEST = 12  # characters, of a column that is cut to fit the terminal
_NO_DATA = (
    "There is no Gatepass data in {}. Choose the directory with --data, "
    "or create one: gatepass serve"
)
_ONLY_HERE = (
    "This command works only on the server's own machine. Run it there; if GATEPASS_SERVER is set "
    "and you mean the data of this machine, name them with --data."
)
_SERVICE = "it contains the address of a Kubernetes Service, not a port; enableServiceLinks sets it"

log = structlog.get_logger("gatepass.server")


class Target(NamedTuple):
    """What a command works on: data directory, settings file and name of the environment.

    None stands for the default. Without a name it is production, unless both environments contain
    organizations: then the command asks on the terminal, or ends with status 2 without one.
    With the URL of a `server` it is that server's data, and not those of this machine.
    """

    data: Path | None
    config: Path | None
    environment_name: str | None
    server: str | None = None


def target_options(command: Command) -> Command:
    """Add --data and --config, which the command gets as `target`; it ignores GATEPASS_SERVER."""

    @wraps(command)
    def run(
        *arguments: Any,  # noqa: ANN401 - the command's own
        data: Path | None,
        config: Path | None,
        environment_name: str | None = None,
        server: str | None = None,
        **given: Any,  # noqa: ANN401
    ) -> None:
        target = Target(data, config, environment_name, server_of(server, data or config))
        command(*arguments, target=target, **given)

    with_config = click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="Settings file. [default: gatepass.toml in the data directory, if it exists]",
    )(run)
    with_data = click.option(
        "--data", type=click.Path(path_type=Path), help="Data directory. [default: ./gatepass-data]"
    )(with_config)
    return cast("Command", with_data)


def server_of(server: str | None, local: Path | None) -> str | None:
    """Return the server that a command works on, None for this machine.

    --data or --config is for this machine: beside --server it is a mistake, and it counts more
    than the variable.
    """
    source = click.get_current_context().get_parameter_source("server")
    if not server or local is None:
        return server or None
    if source is not click.core.ParameterSource.COMMANDLINE:
        return None
    raise click.UsageError("Give --server, or --data and --config for this machine, not both.")


def data_options(command: Command) -> Command:
    """Add what `target_options` adds; the command refuses --server and GATEPASS_SERVER."""

    @wraps(command)
    def run(*arguments: Any, target: Target, **given: Any) -> None:  # noqa: ANN401 - the command's own
        if target.server:
            raise click.UsageError(_ONLY_HERE)
        command(*arguments, target=target, **given)

    hidden = click.option("--server", envvar=SERVER, hidden=True)
    return cast("Command", hidden(target_options(run)))


def reading_options(command: Command) -> Command:
    """Add --data, --config, --environment (default: production), --json and --json-lines."""
    return environment_option_to_read(data_options(listing_options(command)))


def listing_options(command: Command) -> Command:
    """Add --json and --json-lines to a command that has no --environment."""
    return as_json(_as_json_lines(command))


def environment_option_to_change(command: Command) -> Command:
    """Add --data, --config, --environment and --as to a changing command, see `Target`."""
    default = "[default: production, unless both contain organizations]"
    return environment_option(None, default)(data_options(as_option(command)))


def environment_option_to_read(command: Command) -> Command:
    """Add --environment, production without it."""
    return environment_option(NAMES[Mode.LIVE], "[default: production]")(command)


def as_option(command: Command) -> Command:
    """Add --as, which `operator` reads."""
    return click.option(
        "--as",
        metavar="NAME",
        envvar=_AS,
        expose_value=False,
        callback=_keep_claim,
        help="Who you are, for the audit trail: it is recorded beside your system user, and not "
        f"checked. Also read from {_AS}.",
    )(command)


def _keep_claim(context: click.Context, _: click.Parameter, name: str | None) -> None:
    if name and (len(name) > _LONGEST_CLAIM or not name.isprintable()):
        raise click.BadParameter(f"Give one line of {_LONGEST_CLAIM} characters at most.")
    context.meta[_AS] = name or ""


def operator() -> Actor:
    """Return who runs this command: the operator, by the name of the system's user."""
    return replace(
        OPERATOR, operator=_system_user(), claim=click.get_current_context().meta.get(_AS, "")
    )


def _system_user() -> str:
    """Return the user of this process; of sudo the one who called it, with the other's name."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container's user need not have a name
        name = f"uid {os.geteuid()}"
    caller = os.environ.get("SUDO_USER", "")
    is_name = 0 < len(caller) <= _LONGEST_CLAIM and caller.isprintable() and caller != name
    return f"{caller} as {name}" if is_name else name


def environment_option(value: str | None, default: str) -> Callable[[Command], Command]:
    """Return what adds --environment; `default` are the words for its default."""
    return click.option(
        "--environment",
        "environment_name",
        type=click.Choice(list(_MODES)),
        default=value,
        envvar=_ENVIRONMENT,
        help=f"Also read from {_ENVIRONMENT}. {default}",
    )


def as_json(command: Command) -> Command:
    """Add --json."""
    return click.option("--json", "is_json", is_flag=True, help="Print JSON.")(command)


def _as_json_lines(command: Command) -> Command:
    """Add --json-lines, which the functions that print a list find by `has_lines`."""
    return click.option(
        "--json-lines",
        is_flag=True,
        expose_value=False,
        callback=_keep_lines,
        help="Print JSON, each object of a list on a line of its own.",
    )(command)


def _keep_lines(context: click.Context, _: click.Parameter, given: bool) -> None:  # noqa: FBT001
    context.meta[_LINES] = given


def has_lines() -> bool:
    """Return whether the command was given --json-lines."""
    return bool(click.get_current_context().meta.get(_LINES))


def settings_of(target: Target, **given: Any) -> Settings:  # noqa: ANN401 - as `load` has it
    """Return the settings and configure the log; invalid settings end the command."""
    with one_line_errors():
        settings = load(target.config, data=target.data, **given)
    logging.configure(settings.log_format)
    for name in service_variables(os.environ):
        log.warning("settings.variable_ignored", variable=name, reason=_SERVICE)
    return settings


@contextmanager
def environment_of(target: Target, *, creates: bool = False) -> Iterator[Environment]:
    """Open an environment for a command; `creates` allows to create the data directory."""
    settings = settings_of(target)
    with one_line_errors():
        issuers = published_addresses.issuers(settings.data)
        if issuers:  # the running server's own URLs apply, not those of this command's settings
            given: dict[str, Any] = {name: {"issuer": issuer} for name, issuer in issuers.items()}
            settings = load(target.config, data=target.data, **given)
        if not creates:
            check_has_data(settings)
        elif data_directory.is_new(settings):
            data_directory.prepare(settings)
        data_directory.open_directory(settings)
        name = target.environment_name
        mode = _MODES[name] if name else _mode_to_change(settings)
        with data_directory.opened(settings, mode) as environment:
            yield environment


def check_has_data(settings: Settings) -> None:
    """Raise ServingError where there is no data yet."""
    if data_directory.is_new(settings):
        raise data_directory.ServingError(_NO_DATA.format(settings.data))


def confirm(question: str, *, yes: bool) -> None:
    """Ask for confirmation unless `yes`; without a terminal, raise ClickException."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.ClickException(
            "Nothing is done. Confirm with --yes, or run the command on a terminal."
        )
    if not click.confirm(question, err=True):
        raise click.ClickException("Nothing is done.")


def _mode_to_change(settings: Settings) -> Mode:
    if not all(_has_organizations(settings, mode) for mode in Mode):
        return Mode.LIVE
    if not sys.stdin.isatty():
        raise click.UsageError(
            "Both environments contain organizations. Choose one with --environment "
            f"or {_ENVIRONMENT}."
        )
    chosen = click.prompt(
        "Both environments contain organizations. Which one do you want to change?",
        type=click.Choice(list(_MODES)),
        err=True,
    )
    return _MODES[chosen]


def _has_organizations(settings: Settings, mode: Mode) -> bool:
    with data_directory.opened(settings, mode) as environment:
        return bool(organizations.list_all(environment.context))


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn expected errors into one line on standard error and exit status 1."""
    try:
        yield
    except OAuthError as refused:
        raise click.ClickException(refused.description) from None
    except NotFoundError as missing:
        raise click.ClickException(
            f"{missing} was not found. See `list`, and check --environment."
        ) from None
    except (
        BackupError,
        SettingsError,
        MasterKeyError,
        data_directory.ServingError,
        SourceError,
    ) as error:
        raise click.ClickException(" ".join(str(error).split())) from None


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show on a terminal how far a work is, with a bar for each part of it."""
    bar: Any = None
    shown = ""

    def progress(what: str, done: int, rows: int) -> None:
        nonlocal bar, shown
        if what != shown:
            finish()
            bar, shown = click.progressbar(length=rows, label=what, file=sys.stderr), what
        bar.update(done)

    def finish() -> None:
        if bar is not None:
            bar.render_finish()

    try:
        yield progress if sys.stderr.isatty() else unseen
    finally:
        finish()


def counted(found: Iterable[Item], what: str) -> Iterator[Item]:
    """Return what is found, and show on a terminal how many there were, where nobody knows more."""
    shows, number = sys.stderr.isatty(), 0
    for each in found:
        number += 1
        if shows and number % _SHOWN_EVERY == 0:
            click.echo(f"\r{number:,} {what}", nl=False, err=True)
        yield each
    if number >= _SHOWN_EVERY and shows:
        click.echo(f"\r{number:,} {what}", err=True)


def given(**values: object) -> dict[str, object]:
    """Return the given options; raise UsageError if there are none."""
    found = {name: value for name, value in values.items() if value is not None}
    if not found:
        raise click.UsageError("Nothing to change; give at least one option (see --help).")
    return found


def uuid_of(text: str) -> UUID:
    """Return the UUID of a text; raise NotFoundError for any other text."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(text) from None


def show(values: Mapping[str, object], *, is_json: bool) -> None:
    """Print one object as aligned lines or JSON."""
    if is_json or has_lines():
        click.echo(json.dumps({name: _plain(value) for name, value in values.items()}))
        return
    width = max(map(len, values)) + 2
    for name, value in values.items():
        click.echo(f"{name + ':':<{width}}{_words(value)}")


def show_list(rows: Sequence[Mapping[str, object]], nothing: str, *, is_json: bool) -> None:
    """Print a list as aligned columns with a heading, or as JSON.

    On a terminal the widest columns are cut until a row fits; the first one, which names the row,
    stays whole. Elsewhere, as in a file, nothing is cut.
    """
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    if has_lines():
        for each in plain:
            click.echo(json.dumps(each))
        return
    if is_json:
        click.echo(json.dumps(plain))
        return
    if not rows:
        click.echo(nothing)
        return
    names = list(rows[0])
    lines = [names]
    lines += [[_words(row[name]) for name in names] for row in rows]
    widths = _fitting([max(len(line[at]) for line in lines) for at in range(len(names))])
    for line in lines:
        columns = (
            f"{_cut(text, width):<{width}}" for text, width in zip(line, widths, strict=True)
        )
        click.echo("  ".join(columns).rstrip())


def _fitting(widths: list[int]) -> list[int]:
    """Return the widths of columns that fit the terminal, as far as that is possible."""
    if not sys.stdout.isatty():
        return widths
    left = sum(widths) + 2 * (len(widths) - 1) - shutil.get_terminal_size().columns
    widths = widths.copy()
    while left > 0:
        widest = max(range(1, len(widths)), key=widths.__getitem__, default=0)
        if widest == 0 or widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
        left -= 1
    return widths


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


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
            return _printable(str(value))


def _printable(text: str) -> str:
    """Return a text without what a terminal would obey: some come from strangers' requests."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
