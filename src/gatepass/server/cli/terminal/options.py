"""Options that several commands have, and what the commands get of them."""

import os
import pwd
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import click

from gatepass.server.domain.audit.model import OPERATOR, Actor
from gatepass.server.environment.environment import NAMES
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.credential import Mode

Command = TypeVar("Command", bound=Callable[..., Any])
MODES = {name: mode for mode, name in NAMES.items()}
ENVIRONMENT = "GATEPASS_ENVIRONMENT"
_AS = "GATEPASS_AS"
SERVER = "GATEPASS_SERVER"
_LONGEST_CLAIM = 100
_LINES = "gatepass.json_lines"
_ONLY_HERE = (
    "This command works only on the server's own machine. Run it there; if GATEPASS_SERVER is set "
    "and you mean the data of this machine, name them with --data."
)


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
        type=click.Choice(list(MODES)),
        default=value,
        envvar=ENVIRONMENT,
        help=f"Also read from {ENVIRONMENT}. {default}",
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
