"""`gatepass application set`, and functions shared with the other application commands."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from gatepass.command_group import example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.model import Operations, moment
from gatepass.server.cli.operations.opening import changing_options, opened
from gatepass.server.cli.terminal import options
from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.model import Field, FieldGroup
from gatepass.server.domain.applications.networks import format_networks
from gatepass.server.domain.applications.secrets.automatic_rotation.model import OFFERED_OVERLAPS
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

_OPERATOR = "operator"
_OVERLAPS = [words.replace(" ", "-") for words in OFFERED_OVERLAPS.values()]
_BY_NAME = {field.name: field for group in table.GROUPS for field in group.fields}


def field_option(field: Field) -> Callable[[options.Command], options.Command]:
    """Return the option of a field; for a list, it may be repeated."""
    sentences = [f"{field.label} in {field.unit}" if field.unit else field.label, field.help]
    more: dict[str, Any] = {}
    match field.control:
        case "number":
            more["type"] = int
        case "choice":
            more["type"] = click.Choice([value for value, _, _ in field.choices])
        case "lines":
            more = {"multiple": True, "metavar": field.metavar}
            sentences.append("May be repeated.")
        case "scopes":
            sentences.append("Space-separated.")
    text = " ".join(each.rstrip(".") + "." for each in sentences if each)
    return click.option(field.option, field.name, help=text, **more)


network_option = field_option(_BY_NAME["networks"])
contact_option = field_option(_BY_NAME["contact"])


def set_command(groups: Iterable[FieldGroup]) -> click.Command:
    """Return `gatepass application set`, with an option for each field of the groups."""
    editable = [field for group in groups for field in group.fields]

    @changing_options
    def change(
        application_id: str,
        target: options.Target,
        **given: Any,  # noqa: ANN401 - one parameter for each option
    ) -> None:
        """Change an application: all given fields, or none where one value is invalid."""
        with opened(target) as operations:
            values = options.given(**{each.name: _value(each, given) for each in editable})
            wanted = {name: _as_json(value) for name, value in values.items()}
            operations.perform("application.configure", {"client_id": application_id, **wanted})
        click.echo(f"{application_id} is changed.")

    for field in reversed(editable):
        if field.control == "lines":
            help_ = f"No restriction: removes every {field.option}."
            change = click.option(_any(field), is_flag=True, help=help_)(change)
        change = field_option(field)(change)
    change = click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)(
        change
    )
    lines = "gatepass application set CLIENT_ID --lifetime 3600 --network 203.0.113.0/24"
    return click.command("set", epilog=example(lines))(change)


def _any(field: Field) -> str:
    return field.option.replace("--", "--any-", 1)


def _value(field: Field, given: dict[str, Any]) -> object:
    """Return a field's value from its options, None if not given; raise OAuthError if invalid."""
    value = given[field.name]
    if field.control != "lines":
        return field.parse(value) if isinstance(value, str) else value
    is_any = given[_any(field).strip("-").replace("-", "_")]
    if is_any and value:
        raise click.UsageError(f"Give {field.option} or {_any(field)}, not both.")
    return _joined(field, value) if is_any or value else None


def _as_json(value: object) -> object:
    match value:
        case Scope():
            return str(value)
        case tuple():  # the only list of the fields
            return format_networks(value).split()
        case _:
            return value


def _joined(field: Field, given: tuple[str, ...]) -> Any:  # noqa: ANN401 - the value of any field
    """Return the value of a repeated option; raise OAuthError for an invalid or empty one.

    An empty one, for example from an unset variable, must not mean "no restriction".
    """
    if any(not text.strip(" ,") for text in given):
        raise OAuthError(
            "invalid_request",
            f"{field.option} is empty. Give a value, or {_any(field)} for no restriction.",
        )
    return field.parse(" ".join(given))


def networks_of(given: tuple[str, ...]) -> list[str]:
    """Return the networks of the options; raise OAuthError for an invalid or empty one."""
    return format_networks(_joined(_BY_NAME["networks"], given)).split()


def owner(operations: Operations, organization: str) -> str:
    """Return the id of an organization, for `operator` of yours; raise NotFoundError for none."""
    if organization == _OPERATOR:
        return operations.operating_organization()
    return str(options.uuid_of(organization))


def shown(found: dict[str, Any]) -> dict[str, object]:
    """Return the values of all fields but the name, as `gatepass application show` prints them."""
    return {name: found[name] for name in _BY_NAME if name != "name"}


set_ = set_command(table.GROUPS)


@click.command(
    "automatic-rotation",
    epilog=example("gatepass application automatic-rotation CLIENT_ID --on --days 30"),
)
@click.argument("application_id", metavar="CLIENT_ID", shell_complete=ids.applications)
@click.option("--on/--off", "is_on", default=None, help="Whether programs may rotate the secret.")
@click.option("--days", type=click.IntRange(1, 365), help="Days between two rotations, at least.")
@click.option(
    "--overlap",
    type=click.Choice(_OVERLAPS),
    help="How long the old secret works after a rotation.",
)
@changing_options
def automatic_rotation(
    application_id: str,
    target: options.Target,
    *,
    is_on: bool | None,
    days: int | None,
    overlap: str | None,
) -> None:
    """Allow an application to rotate its own secret, by `gatepass rotate`; or forbid it.

    What is not given stays as it is; at first these are 30 days and 24 hours.
    """
    with opened(target) as operations:
        given = options.given(is_on=is_on, days=days, overlap=overlap)
        wanted = {"client_id": application_id, **given}
        found = operations.perform("application.set_automatic_rotation", wanted).result
    state = "on" if found["automatic_rotation"]["is_on"] else "off"
    click.echo(f"Automatic rotation of {application_id} is {state}.")


def shown_rotation(found: dict[str, Any]) -> dict[str, object]:
    """Return automatic rotation as `gatepass application show` prints it."""
    return {
        "automatic_rotation": found["is_on"],
        "rotation_days": found["days"],
        "rotation_overlap": found["overlap"].replace("-", " "),
        "last_rotation": moment(found["last_rotation"]),
    }
