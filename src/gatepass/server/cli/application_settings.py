"""`gatepass application set`, and what it shares with the other commands on an application."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from gatepass.command_group import example
from gatepass.server.cli import options
from gatepass.server.domain.applications import fields, operations
from gatepass.server.domain.applications.fields import Field, FieldGroup
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.environment.environment import Environment
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import Network

_BY_NAME = {field.name: field for group in fields.GROUPS for field in group.fields}


def field_option(field: Field) -> Callable[[options.Command], options.Command]:
    """Return the option of a field; of a list, it may be repeated."""
    more: dict[str, Any] = {"help": field.help or f"{field.label}."}
    match field.control:
        case "number":
            more["type"] = int
        case "choice":
            more["type"] = click.Choice([value for value, _, _ in field.choices])
        case "lines":
            more |= {"multiple": True, "help": f"{field.help} May be repeated."}
        case "scopes":
            more["help"] = f"{field.help} Space-separated."
    return click.option(field.option, field.name, **more)


network_option = field_option(_BY_NAME["networks"])
contact_option = field_option(_BY_NAME["contact"])


def set_command(groups: Iterable[FieldGroup]) -> click.Command:
    """Return `gatepass application set`, with an option for each field of the groups."""
    editable = [field for group in groups for field in group.fields]

    @options.which_to_change
    def change(
        application_id: str,
        data: Path | None,
        config: Path | None,
        environment_name: str | None,
        **given: Any,  # noqa: ANN401 - one parameter an option
    ) -> None:
        """Change an application: all given fields, or none where one value is invalid."""
        with options.environment_of(data, config, environment_name) as environment:
            values = options.given(**{each.name: _value(each, given) for each in editable})
            found = find(environment, application_id)
            operations.change(
                environment.context,
                OPERATOR,
                found.id,
                None,
                allowed=environment.catalogue.everything,
                **values,
            )
        click.echo(f"{application_id} is changed.")

    for field in reversed(editable):
        if field.control == "lines":
            help_ = f"No restriction: removes every {field.option}."
            change = click.option(_any(field), is_flag=True, help=help_)(change)
        change = field_option(field)(change)
    change = click.argument("application_id", metavar="CLIENT_ID")(change)
    lines = "gatepass application set CLIENT_ID --lifetime 3600 --network 203.0.113.0/24"
    return click.command("set", epilog=example(lines))(change)


def _any(field: Field) -> str:
    return field.option.replace("--", "--any-", 1)


def _value(field: Field, given: dict[str, Any]) -> object:
    """Return the value that the options give to a field, None for none; may raise OAuthError."""
    value = given[field.name]
    if field.control != "lines":
        return field.parse(value) if isinstance(value, str) else value
    is_any = given[_any(field).strip("-").replace("-", "_")]
    if is_any and value:
        raise click.UsageError(f"Give {field.option} or {_any(field)}, not both.")
    return _joined(field, value) if is_any or value else None


def _joined(field: Field, given: tuple[str, ...]) -> Any:  # noqa: ANN401 - the value of any field
    """Return the value of a repeated option; raise OAuthError for one that is invalid, or empty.

    An empty one, as of a script's unset variable, must not come to mean "no restriction".
    """
    if any(not text.strip(" ,") for text in given):
        raise OAuthError(
            "invalid_request",
            f"{field.option} is empty. Give a value, or {_any(field)} for no restriction.",
        )
    return field.parse(" ".join(given))


def networks_of(given: tuple[str, ...]) -> tuple[Network, ...]:
    """Return the networks of the options; raise OAuthError for an invalid or empty one."""
    networks: tuple[Network, ...] = _joined(_BY_NAME["networks"], given)
    return networks


def find(environment: Environment, application_id: str) -> Application:
    """Return an application by its client id, or by its own id; raise NotFoundError."""
    found = environment.applications.load(application_id)
    return found or operations.find(environment.context, options.uuid_of(application_id), None)


def shown(application: Application) -> dict[str, object]:
    """Return the values of all fields but the name, as `gatepass application show` prints them."""
    found = {name: getattr(application, name) for name in _BY_NAME if name != "name"}
    return found | {"scope": str(application.scope)}


set_ = set_command(fields.GROUPS)
