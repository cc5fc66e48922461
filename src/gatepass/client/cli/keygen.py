"""`gatepass keygen`: a key pair with which a program authenticates in place of a secret."""

import json
import os
from contextlib import suppress
from pathlib import Path

import click

from gatepass.client import variables as env
from gatepass.client.errors import ConfigurationError
from gatepass.command_group import example

_ALGORITHMS = ("ES256", "ES384", "ES512", "Ed25519", "PS256", "PS384", "PS512", "RS256")
_MODE = 0o600
_LONGEST_KID = 256


@click.command(
    epilog=example("gatepass keygen key.pem", "gatepass keygen --alg Ed25519 --format jwk key.json")
)
@click.option(
    "--alg", type=click.Choice(_ALGORITHMS), default="ES256", show_default=True, help="Algorithm."
)
@click.option("--kid", default="", help="Name of the key; its thumbprint without this option.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["pem", "jwk"]),
    default="pem",
    show_default=True,
    help="Of the private key.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the public key as an object.")
@click.argument("file", type=click.Path(path_type=Path))
def keygen(*, alg: str, kid: str, form: str, as_json: bool, file: Path) -> None:
    """Make a key pair, and print its public key to register.

    The private key is written to FILE, which only you can read and which must not exist yet; it is
    not printed. Give the public key to the application in the portal. Needs gatepass[keys].
    """
    if len(kid) > _LONGEST_KID or not kid.isprintable():
        raise click.BadParameter("a name has at most 256 printable characters", param_hint="--kid")
    if str(file) == "-":
        raise click.BadParameter(
            "the private key is not printed: give the path of a new file", param_hint="FILE"
        )
    try:
        from gatepass.client.keys.generation import KeyPair  # loads cryptography
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    pair = KeyPair.generate(alg, kid)
    _write(file, pair.pem if form == "pem" else pair.jwk)
    settings = {env.PRIVATE_KEY_FILE: str(file.absolute())}
    if form == "pem" and kid:
        settings[env.PRIVATE_KEY_ID] = kid
    if form == "pem" and not pair.is_usual:
        settings[env.PRIVATE_KEY_ALG] = alg
    if as_json:
        public = {"jwk": json.loads(pair.public_jwk), "pem": pair.public_pem}
        click.echo(json.dumps({"file": str(file), "public_key": public, "settings": settings}))
        return
    click.echo(
        f"The private key is in {file}. Only you can read it; keep it out of repositories.\n"
    )
    click.echo("Register this public key with the application, in one of its two forms:\n")
    click.echo(f"{pair.public_jwk}\n\n{pair.public_pem}")
    click.echo("Then set:\n")
    for name, text in settings.items():
        click.echo(f"{name}={text}")


def _write(file: Path, text: str) -> None:
    """Write a new file that only its owner can read."""
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    except FileExistsError:
        raise click.ClickException(
            f"{file} exists: give another name, so that no key in use is lost"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or "malformed"
        raise click.ClickException(f"{file} cannot be written ({why}): check the path") from None
    try:
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        with suppress(OSError):
            file.unlink()
        raise click.ClickException(
            f"{file} cannot be written ({error.strerror}): make room, and try again"
        ) from None
