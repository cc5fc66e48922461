"""`gatepass resource`: manages the APIs that tokens are for, and their token formats."""

from typing import Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.jose.algorithms import ALGORITHMS, Algorithm
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing
from gatepass.server.domain.keys.model import PUBLISHED_AHEAD
from gatepass.server.domain.token_policy import TOKENS, Tokens

_DEFAULT = "default"
_URI = click.argument("uri")
_FORM_HELP = "Format of its tokens: opaque, or JWTs that the API can verify locally."


@click.group(cls=CommandGroup, epilog=example("gatepass resource list"))
def resource() -> None:
    """Manage the resources (APIs) that an environment issues tokens for."""


@resource.command("list", epilog=example("gatepass resource list --environment sandbox"))
@reading_options
def list_(target: options.Target, *, is_json: bool) -> None:
    """List the resources; `form` is the token format, with the environment's defaults applied."""
    with opened(target) as operations:
        rows = [_row(each) for each in operations.perform("resource.list", {}).result["items"]]
    nothing = f"No resources in {operations.environment_name}."
    printing.show_list(rows, nothing, is_json=is_json)


@resource.command(
    epilog=example("gatepass resource add https://meters.example.com --name Meters --tokens jwt")
)
@_URI
@click.option("--name", required=True, help="Name shown to partners.")
@click.option("--tokens", type=click.Choice(TOKENS), help=_FORM_HELP)
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Signature algorithm of JWTs.")
@changing_options
def add(
    uri: str, name: str, tokens: Tokens | None, algorithm: Algorithm | None, target: options.Target
) -> None:
    """Add an API by its resource URI (RFC 8707). Then add scopes to it."""
    new = {"uri": uri, "name": name, "tokens": tokens, "algorithm": algorithm}
    with opened(target) as operations:
        until = _signed_until_then(operations.perform("resource.add", new).result)
    click.echo(
        f"The resource {uri} is added. Add scopes to it: gatepass scope add --resource {uri}{until}"
    )


@resource.command(
    "set", epilog=example("gatepass resource set https://meters.example.com --algorithm EdDSA")
)
@_URI
@click.option("--name", help="Name shown to partners.")
@click.option(
    "--tokens",
    type=click.Choice([*TOKENS, _DEFAULT]),
    help=f"{_FORM_HELP} `{_DEFAULT}`: as in the environment's settings.",
)
@click.option(
    "--algorithm",
    type=click.Choice([*ALGORITHMS, _DEFAULT]),
    help=f"Signature algorithm of JWTs. `{_DEFAULT}`: as in the environment's settings.",
)
@changing_options
def set_(
    uri: str, name: str | None, tokens: str | None, algorithm: str | None, target: options.Target
) -> None:
    """Change a resource: all given values, or none. Applies to new tokens."""
    values = options.given(name=name, tokens=tokens, algorithm=algorithm)
    for column in ("tokens", "algorithm"):
        if values.get(column) == _DEFAULT:
            values[column] = None
    with opened(target) as operations:
        changed = operations.perform("resource.change", {"uri": uri, **values}).result
    until = _signed_until_then(changed)
    click.echo(f"The resource {uri} is changed. It applies to new tokens.{until}")


@resource.command(epilog=example("gatepass resource remove https://meters.example.com"))
@_URI
@changing_options
def remove(uri: str, target: options.Target) -> None:
    """Remove a resource that has no scopes."""
    with opened(target) as operations:
        operations.perform("resource.remove", {"uri": uri})
    click.echo(f"The resource {uri} is removed.")


def _signed_until_then(found: dict[str, Any]) -> str:
    """Return a line about the key that signs until the key of a new algorithm is published."""
    form, signer = found["form"], found["signed_with"]
    if signer is None or signer == form:
        return ""
    minutes = PUBLISHED_AHEAD.total_seconds() / 60
    return (
        f"\nIts tokens are signed with {signer} for the next {minutes:.0f} minutes, until"
        f" verifiers have the key for {form}."
    )


def _row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "uri": found["uri"],
        "name": found["name"],
        "tokens": found["tokens"] or _DEFAULT,
        "algorithm": found["algorithm"] or _DEFAULT,
        "form": found["form"],
    }
