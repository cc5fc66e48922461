"""The secret from HashiCorp Vault or OpenBao: a KV store of version 2, over its HTTP API."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatepass.client.errors import ConfigurationError, cleaned
from gatepass.client.secrets.validation import member
from gatepass.client.secrets.vault.http_api import Vault, checked_path
from gatepass.client.secrets.vault.login import (
    Login,
    from_environment,
    token_of_environment,
    unwrapped,
    wrapped,
)
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    from gatepass.client.secrets.source import SecretSource


@dataclass(frozen=True, slots=True)
class FromVault:
    """Returns the member `field` of what Vault has at `path` of the KV store at `mount`.

    The token is `token` (text or a source, such as FromFile for one that an agent renews), or
    comes from `login` (AppRole, Kubernetes); else it is what Vault's own command line uses:
    VAULT_TOKEN or ~/.vault-token. An empty `address`, `namespace` or `ca_file` is VAULT_ADDR,
    VAULT_NAMESPACE or VAULT_CACERT. BAO_... is read before VAULT_....
    The address is https, but for the loopback interface.
    """

    address: str
    path: str
    field: str = "client_secret"
    mount: str = "secret"
    token: "str | Secret | SecretSource | None" = dataclasses.field(default=None, repr=False)
    login: Login | None = None
    namespace: str = ""
    ca_file: str = ""

    def __post_init__(self) -> None:
        if self.address:
            Vault(self.address, self.namespace)  # refuses what it cannot be
        object.__setattr__(self, "path", checked_path(self.path, "path"))
        object.__setattr__(self, "mount", checked_path(self.mount, "mount"))
        if self.token is not None:
            if self.login is not None:
                raise ConfigurationError("give a token for Vault or a login, not both")
            object.__setattr__(self, "token", wrapped(self.token))

    def __call__(self) -> str:
        """Ask Vault; raise ConfigurationError where it gives no secret."""
        vault = self.connect()
        values, _ = self.read(vault, self.log_in(vault))
        return member(values, self.field, self.where)

    @property
    def where(self) -> str:
        """Its name in messages."""
        return f"the secret {cleaned(self.data_path)} in Vault"

    @property
    def data_path(self) -> str:
        """The path in Vault's HTTP API."""
        return f"{self.mount}/data/{self.path}"

    def read(self, vault: Vault, token: str) -> tuple[dict[str, object], int]:
        """Return all members, and the number of their version; 0 where Vault names none."""
        found = vault.read(self.data_path, token)
        values, metadata = found.get("data"), found.get("metadata")
        if not isinstance(values, dict):
            raise ConfigurationError(
                f"{self.where} is not of a KV store of version 2: check the mount and the path"
            )
        version = metadata.get("version") if isinstance(metadata, dict) else None
        return values, version if isinstance(version, int) else 0

    def connect(self) -> Vault:
        """Return the Vault that the settings name."""
        address = self.address or from_environment("ADDR")
        if not address:
            raise ConfigurationError("there is no address of Vault: give one or set VAULT_ADDR")
        return Vault(
            address,
            self.namespace or from_environment("NAMESPACE"),
            self.ca_file or from_environment("CACERT"),
        )

    def log_in(self, vault: Vault) -> str:
        """Return the token to read with."""
        if self.token is not None:
            return unwrapped(self.token)
        return self.login.token(vault) if self.login else token_of_environment()
