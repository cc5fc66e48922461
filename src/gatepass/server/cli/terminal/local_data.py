"""Settings and data of this machine, opened for a command that works on them itself."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import structlog

from gatepass.server.cli.terminal.errors import one_line_errors
from gatepass.server.cli.terminal.options import ENVIRONMENT, MODES, Target
from gatepass.server.configuration.environment_variables import service_variables
from gatepass.server.configuration.settings import Settings, load
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.environment import data_directory
from gatepass.server.environment.environment import Environment
from gatepass.server.observability import logging
from gatepass.server.serving.processes import published_addresses
from gatepass.wire.credential import Mode

_NO_DATA = (
    "There is no Gatepass data in {}. Choose the directory with --data, "
    "or create one: gatepass serve"
)
_SERVICE = "it contains the address of a Kubernetes Service, not a port; enableServiceLinks sets it"

log = structlog.get_logger("gatepass.server")


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
        mode = MODES[name] if name else _mode_to_change(settings)
        with data_directory.opened(settings, mode) as environment:
            yield environment


def check_has_data(settings: Settings) -> None:
    """Raise ServingError where there is no data yet."""
    if data_directory.is_new(settings):
        raise data_directory.ServingError(_NO_DATA.format(settings.data))


def _mode_to_change(settings: Settings) -> Mode:
    if not all(_has_organizations(settings, mode) for mode in Mode):
        return Mode.LIVE
    if not sys.stdin.isatty():
        raise click.UsageError(
            "Both environments contain organizations. Choose one with --environment "
            f"or {ENVIRONMENT}."
        )
    chosen = click.prompt(
        "Both environments contain organizations. Which one do you want to change?",
        type=click.Choice(list(MODES)),
        err=True,
    )
    return MODES[chosen]


def _has_organizations(settings: Settings, mode: Mode) -> bool:
    with data_directory.opened(settings, mode) as environment:
        return bool(organizations.list_all(environment.context))
