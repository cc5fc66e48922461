"""`gatepass application key`: public keys, with which programs sign instead of sending a secret."""

from datetime import UTC, datetime
from typing import IO, Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.effects import Assent, assent_options, check_effect
from gatepass.server.cli.operations.model import Operations, moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing
from gatepass.server.domain.applications.secrets.end import parse_end

_ALGS = ("ES256", "ES384", "ES512", "Ed25519", "PS256", "PS384", "PS512", "RS256")
_APPLICATION = click.argument(
    "application_id", metavar="CLIENT_ID", shell_complete=ids.applications
)
_KEY = click.argument("key_id", metavar="KEY_ID")
_NAME = click.option("--name", required=True, help="What people call the key.")
_END = click.option(
    "--end",
    help="When the key ends: a number of days, its last day (2027-01-31), or never. "
    "[default: never]",
)


@click.group(cls=CommandGroup, epilog=example("gatepass application key list CLIENT_ID"))
def key() -> None:
    """Manage the public keys of an application, with which it authenticates without a secret."""


@key.command("list", epilog=example("gatepass application key list CLIENT_ID"))
@_APPLICATION
@reading_options
def list_(application_id: str, target: options.Target, *, is_json: bool) -> None:
    """List the keys of an application, and when each was used last."""
    with opened(target) as operations:
        found = operations.perform("application.keys", {"client_id": application_id}).result
    rows = [_row(each) for each in found["keys"]]
    nothing = f"{application_id} has no keys. Add one: gatepass application key add"
    printing.show_list(rows, nothing, is_json=is_json)
    if found["jwks_uri"] and not is_json:
        click.echo(f"It also publishes keys at {found['jwks_uri']}.", err=True)


@key.command(
    epilog=example("gatepass application key add CLIENT_ID --name 'Nightly import' public.pem")
)
@_APPLICATION
@click.argument("file", type=click.File("r"))
@_NAME
@_END
@changing_options
def add(
    application_id: str, file: IO[str], name: str, end: str | None, target: options.Target
) -> None:
    """Add the public keys in a file: a JWK, a JWK Set or PEM; - for standard input.

    A private key is refused. The application's secrets keep working.
    """
    new = {"client_id": application_id, "name": name, "public_key": file.read(), **_end(end)}
    with opened(target) as operations:
        before = {each["id"] for each in _keys(operations, application_id)}
        found = operations.perform("application.add_key", new).result
    for each in found["keys"]:
        if each["id"] not in before:
            click.echo(f"The key {each['name']} is added: {each['id']}, kid {each['kid']}.")


@key.command(epilog=example("gatepass application key generate CLIENT_ID --name Import --json"))
@_APPLICATION
@_NAME
@click.option("--alg", type=click.Choice(_ALGS), default="ES256", show_default=True)
@_END
@changing_options
@options.as_json
def generate(
    application_id: str,
    name: str,
    alg: str,
    end: str | None,
    target: options.Target,
    *,
    is_json: bool,
) -> None:
    """Make a pair of keys, add the public one, and print the private one, once.

    Better make the pair where the program runs (gatepass keygen) and add the public key: then
    nobody else ever had the private one.
    """
    new = {"client_id": application_id, "name": name, "alg": alg, **_end(end)}
    with opened(target) as operations:
        made = operations.perform("application.generate_key", new).result
    if is_json:
        shown = {
            "id": made["key"]["id"],
            "kid": made["key"]["kid"],
            **{name: made[name] for name in ("alg", "private_key", "private_jwk")},
            **{name: made[name] for name in ("issuer", "token_url")},
        }
        printing.show(shown, is_json=True)
        return
    click.echo(made["private_key"].rstrip())
    click.echo(f"kid {made['key']['kid']}, id {made['key']['id']}", err=True)
    click.echo("The private key is shown only now.", err=True)


@key.command(
    "set", epilog=example("gatepass application key set CLIENT_ID KEY_ID --end 2027-12-31")
)
@_APPLICATION
@_KEY
@click.option("--name", help="What people call the key.")
@_END
@changing_options
def set_(
    application_id: str, key_id: str, name: str | None, end: str | None, target: options.Target
) -> None:
    """Rename a key, or set when it ends."""
    options.given(name=name, end=end)
    new_name = {} if name is None else {"name": name}
    wanted = {"client_id": application_id, "key_id": key_id, **new_name, **_end(end)}
    with opened(target) as operations:
        operations.perform("application.change_key", wanted)
    click.echo(f"The key {key_id} is changed.")


@key.command(epilog=example("gatepass application key revoke CLIENT_ID KEY_ID --yes"))
@_APPLICATION
@_KEY
@assent_options
@changing_options
def revoke(application_id: str, key_id: str, target: options.Target, *, assent: Assent) -> None:
    """Revoke a key: what it signs is refused from now on. Tokens stay valid."""
    one = {"client_id": application_id, "key_id": key_id}
    with opened(target) as operations:
        check_effect(
            operations,
            "application.revoke_key",
            one,
            assent,
            lambda _: f"Revoke the key {key_id} in {operations.environment_name}?",
        )
        operations.perform("application.revoke_key", one)
    click.echo(f"The key {key_id} is revoked.")


@key.command(
    epilog=example(
        "gatepass application key settings CLIENT_ID --jwks-uri https://keys.example.com/jwks.json"
    )
)
@_APPLICATION
@click.option("--jwks-uri", help="Where the application publishes its keys; empty for nowhere.")
@click.option(
    "--legacy-audience/--no-legacy-audience",
    default=None,
    help="Accept the address of the endpoint, or a list, as the audience of an assertion.",
)
@changing_options
def settings(
    application_id: str,
    jwks_uri: str | None,
    target: options.Target,
    *,
    legacy_audience: bool | None,
) -> None:
    """Set where an application publishes its keys, and which audiences are accepted."""
    values = options.given(jwks_uri=jwks_uri, legacy_audience=legacy_audience)
    with opened(target) as operations:
        operations.perform("application.set_key_settings", {"client_id": application_id, **values})
    click.echo(f"The settings of the keys of {application_id} are changed.")


def in_place_of_secret(
    public_key: IO[str] | None,
    name: str | None,
    jwks_uri: str | None,
    certificate: IO[str] | None,
) -> dict[str, object]:
    """Return the arguments of a registration without a secret; none where it has one."""
    if public_key is None and name is not None:
        raise click.UsageError("--key-name is for --public-key.")
    found = {
        "public_key": None if public_key is None else public_key.read(),
        "key_name": name,
        "jwks_uri": jwks_uri,
        "certificate": None if certificate is None else certificate.read(),
    }
    return {name: value for name, value in found.items() if value is not None}


def _keys(operations: Operations, application_id: str) -> list[dict[str, Any]]:
    found = operations.perform("application.keys", {"client_id": application_id}).result
    keys: list[dict[str, Any]] = found["keys"]
    return keys


def _row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "id": found["id"],
        "name": found["name"],
        "kid": found["kid"],
        "algorithms": found["algorithms"],
        "created_at": moment(found["created_at"]),
        "expires_at": moment(found["expires_at"]),
        "last_used_at": moment(found["last_used_at"]),
        "last_used_from": found["last_used_from"],
    }


def _end(text: str | None) -> dict[str, object]:
    if text is None:
        return {}
    end = parse_end(text, datetime.now(UTC))
    return {"expires_at": end and end.isoformat()}
