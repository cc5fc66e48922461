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
        vault = self._vault()
        path = f"{self.mount}/data/{self.path}"
        where = f"the secret {cleaned(path)} in Vault"
        values = vault.read(path, self._token(vault)).get("data")
        if not isinstance(values, dict):
            raise ConfigurationError(
                f"{where} is not of a KV store of version 2: check the mount and the path"
            )
        return member(values, self.field, where)

    def _vault(self) -> Vault:
        address = self.address or from_environment("ADDR")
        if not address:
            raise ConfigurationError("there is no address of Vault: give one or set VAULT_ADDR")
        return Vault(
            address,
            self.namespace or from_environment("NAMESPACE"),
            self.ca_file or from_environment("CACERT"),
        )

    def _token(self, vault: Vault) -> str:
        if self.token is not None:
            return unwrapped(self.token)
        return self.login.token(vault) if self.login else token_of_environment()
