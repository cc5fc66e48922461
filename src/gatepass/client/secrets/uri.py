"""Secret sources from one line of text, for settings and command lines.

    env:NAME                              an environment variable
    file:/run/secrets/gatepass            a file
    keyring:SERVICE/USERNAME              the keyring
    command:op read op://vault/item/field a program; quotes as in a shell, but there is no shell
    vault:MOUNT/PATH#FIELD                Vault or OpenBao at VAULT_ADDR
    vault://HOST:PORT/MOUNT/PATH#FIELD    the same, at https://HOST:PORT
    aws:NAME-OR-ARN#FIELD                 AWS Secrets Manager
    google:projects/P/secrets/S#FIELD     Google Secret Manager, also as gcp:
    azure:VAULT/SECRET#FIELD              Azure Key Vault, VAULT being its name or its host

`#FIELD` may be left out: for vault it is then `client_secret`, elsewhere the secret is the whole
text. The first `#` separates the field; nothing is escaped.
"""

import shlex
from collections.abc import Callable

from gatepass.client import secrets
from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.source import SecretSource


def from_uri(text: str) -> SecretSource:
    """Return the source that `text` names; raise ConfigurationError, without the text, if none.

    Nothing is read, and whether it can be read is not checked.
    """
    scheme, colon, rest = text.partition(":")
    make = _KINDS.get(scheme)
    if make is None or not colon or not rest:
        raise ConfigurationError(
            "the source of the client secret is not understood: begin it with one of "
            + ", ".join(f"{known}:" for known in _KINDS)
        )
    return make(rest)


def _command(rest: str) -> SecretSource:
    try:
        return secrets.FromCommand(shlex.split(rest))
    except ValueError:
        raise ConfigurationError("the quotes of command: are not closed: close them") from None


def _vault(rest: str) -> SecretSource:
    place, field = _text_and_field(rest)
    address = ""
    if place.startswith("//"):
        host, _, place = place[2:].partition("/")
        address = f"https://{host}"
    mount, slash, path = place.partition("/")
    if not slash:
        raise ConfigurationError("write it as vault:MOUNT/PATH#FIELD")
    return secrets.FromVault(address, path, field or "client_secret", mount)


def _azure(rest: str) -> SecretSource:
    place, field = _text_and_field(rest)
    vault, name = _halves(place.removeprefix("//"), "azure:VAULT/SECRET#FIELD")
    host = vault if "." in vault else f"{vault}.vault.azure.net"
    return secrets.FromAzure(f"https://{host}", name, field)


def _text_and_field(rest: str) -> tuple[str, str]:
    text, _, field = rest.partition("#")
    return text, field


def _halves(text: str, form: str) -> tuple[str, str]:
    first, _, last = text.rpartition("/")
    if not first or not last:
        raise ConfigurationError(f"write it as {form}")
    return first, last


_KINDS: dict[str, Callable[[str], SecretSource]] = {
    "env": secrets.FromEnv,
    "file": lambda rest: secrets.FromFile(rest.removeprefix("//")),  # file:///run/secret too
    "keyring": lambda rest: secrets.FromKeyring(*_halves(rest, "keyring:SERVICE/USERNAME")),
    "command": _command,
    "vault": _vault,
    "aws": lambda rest: secrets.FromAws(*_text_and_field(rest)),
    "google": lambda rest: secrets.FromGoogle(*_text_and_field(rest)),
    "gcp": lambda rest: secrets.FromGoogle(*_text_and_field(rest)),
    "azure": _azure,
}
