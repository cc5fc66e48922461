"""The master key from the places that the client's secrets have.

The only module of the server that knows the client: it has the readers of Vault, AWS, Google and
Azure, with their errors.
"""

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.uri import from_uri
from gatepass.server.storage.master_key import MasterKeyError

KINDS = ("file", "env", "vault", "aws", "gcp", "google", "azure", "keyring", "command")
_FIELD = "#master_key"  # of a secret in Vault, unless another one is named


def read(source: str) -> str:
    """Return what is at a place such as `vault:secret/gatepass`; raise MasterKeyError."""
    kind = source.partition(":")[0]
    if kind not in KINDS or ":" not in source:
        begins = ", ".join(f"{known}:" for known in KINDS)
        raise MasterKeyError(f"master_key_source is not understood: begin it with {begins}.")
    if kind == "vault" and "#" not in source:
        source += _FIELD
    try:
        return from_uri(source)()
    except ConfigurationError as error:
        raise MasterKeyError(f"The master key cannot be read from {kind}: {error}.") from None
