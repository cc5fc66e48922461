"""Sources of the client secret: callables without arguments that return it as text.

One module for each kind of store, which loads its library when it is first called:

- `FromEnv("NAME")`, `FromFile("/run/secrets/gatepass")`, `FromCommand(["op", "read", ...])`
- `FromKeyring("service", "user")` (extra `keyring`)
- `FromVault("https://vault.example", "partners/gatepass")`: HashiCorp Vault and OpenBao
- `FromAws("name")` (extra `aws`), `FromGoogle("projects/p/secrets/s")` (extra `google`),
  `FromAzure("https://name.vault.azure.net", "secret")` (extra `azure`)
- `from_uri("vault:secret/partners/gatepass#client_secret")`: any of these from one line of text

Each is a frozen value: equal settings are equal, and its `repr` shows where the secret comes
from and never the secret. Each call reads the secret again, so a rotated secret is found without a
restart; it may block. Where there is no secret it raises a ConfigurationError whose message is
one line with what to do, SecretUnavailable where waiting may be enough.

A store of your own is a function:

    def from_our_store() -> str:
        try:
            return our_store.get("gatepass-secret")
        except our_store.Unavailable:
            raise SecretUnavailable("our store is unavailable: see its status page") from None
"""

from typing import TYPE_CHECKING

from gatepass.lazy_names import lazy_names

if TYPE_CHECKING:
    from gatepass.client.secrets.aws import FromAws as FromAws
    from gatepass.client.secrets.azure import FromAzure as FromAzure
    from gatepass.client.secrets.command import FromCommand as FromCommand
    from gatepass.client.secrets.env import FromEnv as FromEnv
    from gatepass.client.secrets.file import FromFile as FromFile
    from gatepass.client.secrets.google import FromGoogle as FromGoogle
    from gatepass.client.secrets.keyring_ import FromKeyring as FromKeyring
    from gatepass.client.secrets.source import SecretSource as SecretSource
    from gatepass.client.secrets.uri import from_uri as from_uri
    from gatepass.client.secrets.vault.login import AppRole as AppRole
    from gatepass.client.secrets.vault.login import Kubernetes as Kubernetes
    from gatepass.client.secrets.vault.secret import FromVault as FromVault

_MODULES = {
    "AppRole": ".vault.login",
    "FromAws": ".aws",
    "FromAzure": ".azure",
    "FromCommand": ".command",
    "FromEnv": ".env",
    "FromFile": ".file",
    "FromGoogle": ".google",
    "FromKeyring": ".keyring_",
    "FromVault": ".vault.secret",
    "Kubernetes": ".vault.login",
    "SecretSource": ".source",
    "from_uri": ".uri",
}

__all__ = list(_MODULES)
__getattr__ = lazy_names(__name__, _MODULES)  # a program uses one of them
