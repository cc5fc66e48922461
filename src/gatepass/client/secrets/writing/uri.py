"""The secret store that one line of text names, as `gatepass.client.secrets.uri` reads it."""

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.aws import FromAws
from gatepass.client.secrets.azure import FromAzure
from gatepass.client.secrets.file import FromFile
from gatepass.client.secrets.google import FromGoogle
from gatepass.client.secrets.uri import from_uri
from gatepass.client.secrets.vault.secret import FromVault
from gatepass.client.secrets.writing.aws import AwsStore
from gatepass.client.secrets.writing.azure import AzureStore
from gatepass.client.secrets.writing.file import FileStore
from gatepass.client.secrets.writing.google import GoogleStore
from gatepass.client.secrets.writing.store import SecretStore
from gatepass.client.secrets.writing.vault import VaultStore


def store_of(text: str) -> SecretStore:
    """Return the store that `text` names; raise ConfigurationError for one that is only read."""
    source = from_uri(text)
    if isinstance(source, FromFile):
        return FileStore(source)
    if isinstance(source, FromVault):
        return VaultStore(source)
    if isinstance(source, FromAws):
        return AwsStore(source)
    if isinstance(source, FromGoogle):
        return GoogleStore(source)
    if isinstance(source, FromAzure):
        return AzureStore(source)
    raise ConfigurationError(
        "a secret can be rotated into file:, vault:, aws:, google: and azure: only: it is read "
        "from elsewhere, but cannot be written there"
    )
