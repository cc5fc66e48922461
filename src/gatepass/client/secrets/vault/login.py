"""How to get a token for Vault: given, from the environment, or by a login."""

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.file import FromFile
from gatepass.client.secrets.vault.http_api import Vault, checked_path
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    from gatepass.client.secrets.source import SecretSource

_SERVICE_ACCOUNT = FromFile("/var/run/secrets/kubernetes.io/serviceaccount/token")


class Login(Protocol):
    """Returns a token to read with."""

    def token(self, vault: Vault) -> str:
        """Get a token, from `vault` or elsewhere."""


@dataclass(frozen=True, slots=True)
class AppRole:
    """Log in as a role, by `role_id` and `secret_id`, at the auth method `mount`.

    It logs in each time the secret is read, so the secret id must allow many uses; the token
    is not kept and expires. `secret_id` may be a source too, such as FromFile.
    """

    role_id: str
    secret_id: "str | Secret | SecretSource" = field(repr=False)
    mount: str = "approle"

    def __post_init__(self) -> None:
        object.__setattr__(self, "secret_id", wrapped(self.secret_id))
        checked_path(self.mount, "mount of the login")

    def token(self, vault: Vault) -> str:
        """Log in."""
        fields = {"role_id": self.role_id, "secret_id": unwrapped(self.secret_id)}
        return vault.log_in(f"auth/{checked_path(self.mount, 'mount')}/login", fields)


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """Log in as `role` with the service account of the pod; with mount="jwt", by any JWT."""

    role: str
    jwt: "SecretSource" = _SERVICE_ACCOUNT
    mount: str = "kubernetes"

    def __post_init__(self) -> None:
        checked_path(self.mount, "mount of the login")

    def token(self, vault: Vault) -> str:
        """Log in."""
        fields = {"role": self.role, "jwt": self.jwt()}
        return vault.log_in(f"auth/{checked_path(self.mount, 'mount')}/login", fields)


def wrapped(given: "str | Secret | SecretSource") -> "Secret | SecretSource":
    """Wrap text, so that no traceback with locals and no repr shows it."""
    return Secret(given) if isinstance(given, str) else given


def unwrapped(given: "str | Secret | SecretSource") -> str:
    """Return the text that was given, or that the source gives."""
    source = wrapped(given)
    return source.value if isinstance(source, Secret) else source()


def from_environment(name: str) -> str:
    """Return a variable of Vault's own command line, by OpenBao's name or by Vault's."""
    return os.environ.get(f"BAO_{name}") or os.environ.get(f"VAULT_{name}") or ""


def token_of_environment() -> str:
    """Return VAULT_TOKEN, or what `vault login` wrote into the home directory."""
    if token := from_environment("TOKEN"):
        return token
    path = os.path.expanduser("~/.vault-token")  # noqa: PTH111 - Path's fails without a home
    if not os.path.exists(path):  # noqa: PTH110 - the same
        raise ConfigurationError(
            "there is no token for Vault: set VAULT_TOKEN, run `vault login`, or give a login"
        )
    return FromFile(path)()
