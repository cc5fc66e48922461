"""`gatepass scope`: manages the scopes of the catalogue."""

from typing import Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing

_NAME = click.argument("name")


@click.group(cls=CommandGroup, epilog=example("gatepass scope list"))
def scope() -> None:
    """Manage the scopes of an environment."""


@scope.command("list", epilog=example("gatepass scope list --environment sandbox"))
@reading_options
def list_(target: options.Target, *, is_json: bool) -> None:
    """List the scopes, each with its resource and description."""
    with opened(target) as operations:
        rows = [_row(each) for each in operations.perform("scope.list", {}).result["items"]]
    printing.show_list(rows, f"No scopes in {operations.environment_name}.", is_json=is_json)


@scope.command(
    epilog=example(
        'gatepass scope add meters:read --description "Read meters" --resource https://meters.example.com'
    )
)
@_NAME
@click.option("--description", required=True, help="Description for partners of what it allows.")
@click.option("--resource", "uri", help="URI of its resource. [default: the Partner API]")
@click.option(
    "--default/--no-default",
    "is_default",
    default=False,
    show_default=True,
    help="Whether new applications have it by default.",
)
@click.option("--restricted", "is_restricted", is_flag=True, help="Only the operator can grant it.")
@changing_options
def add(
    name: str,
    description: str,
    uri: str | None,
    target: options.Target,
    *,
    is_default: bool,
    is_restricted: bool,
) -> None:
    """Add a scope. Existing applications do not have it until it is granted to them."""
    new = {
        "name": name,
        "description": description,
        "resource": uri,
        "is_default": is_default,
        "is_restricted": is_restricted,
    }
    with opened(target) as operations:
        added = operations.perform("scope.add", new).result
    click.echo(f"The scope {name} is added to {added['resource']}.")


@scope.command("set", epilog=example("gatepass scope set meters:read --default"))
@_NAME
@click.option("--description", help="Description for partners of what it allows.")
@click.option(
    "--default/--no-default",
    "is_default",
    default=None,
    help="Whether new applications have it by default.",
)
@click.option(
    "--restricted/--unrestricted",
    "is_restricted",
    default=None,
    help="Whether only the operator can grant it.",
)
@changing_options
def set_(
    name: str,
    description: str | None,
    target: options.Target,
    *,
    is_default: bool | None,
    is_restricted: bool | None,
) -> None:
    """Change a scope: all given values, or none. Existing applications keep their scopes."""
    values = options.given(
        description=description, is_default=is_default, is_restricted=is_restricted
    )
    with opened(target) as operations:
        operations.perform("scope.change", {"name": name, **values})
    click.echo(f"The scope {name} is changed.")


@scope.command(epilog=example("gatepass scope remove meters:read"))
@_NAME
@changing_options
def remove(name: str, target: options.Target) -> None:
    """Remove a scope that no application has."""
    with opened(target) as operations:
        operations.perform("scope.remove", {"name": name})
    click.echo(f"The scope {name} is removed.")


def _row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "name": found["name"],
        "resource": found["resource"],
        "default": found["is_default"],
        "restricted": found["is_restricted"],
        "description": found["description"],
    }
