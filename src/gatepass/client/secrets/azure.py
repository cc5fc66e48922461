"""The secret from Azure Key Vault, by Microsoft's libraries."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatepass.client.errors import ConfigurationError, SecretUnavailable, cleaned
from gatepass.client.network.urls import check_url
from gatepass.client.secrets.http import refusal
from gatepass.client.secrets.validation import library_of, select

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.keyvault.secrets import SecretClient

_CONNECT, _READ, _RETRIES = 5, 10, 2  # seconds, seconds, requests after the first

_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_ADVICE = {
    401: "check the credentials and their tenant",
    403: "let them read secrets (role Key Vault Secrets User), and see the vault's firewall",
    404: "check the name of the secret and the version",
}


@dataclass(frozen=True, slots=True)
class FromAzure:
    """Returns the secret `name` of the key vault at `vault_url`: all, or one `field` of its JSON.

    The newest version is read unless `version` names one. Credentials are those that
    azure-identity finds without configuration (DefaultAzureCredential), or `credential`, which is
    shared and not closed.
    """

    vault_url: str
    name: str
    field: str = ""
    version: str = ""
    credential: "TokenCredential | None" = None

    def __post_init__(self) -> None:
        check_url(self.vault_url, "the URL of the Azure key vault")
        if not self.vault_url.lower().startswith("https:"):
            raise ConfigurationError("the URL of the Azure key vault is plain http: use https")
        if not _NAME.fullmatch(self.name) or not _NAME.fullmatch(self.version or "newest"):
            raise ConfigurationError(
                "the name or version of the Azure secret is malformed: give letters, digits and -"
            )

    def __call__(self) -> str:
        """Ask Azure; raise ConfigurationError where it gives no secret."""
        try:
            with self.client() as client:
                value = client.get_secret(self.name, self.version or None).value
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - the library's, and what strange answers cause
            raise refusal_of(error, self.where) from None
        return select(value or "", self.field, self.where)

    @property
    def where(self) -> str:
        """Its name in messages."""
        return f"the secret {self.name} in {cleaned(self.vault_url)}"

    @contextmanager
    def client(self) -> "Iterator[SecretClient]":
        """Open a client of the key vault; raises the library's errors."""
        with library_of("azure"):
            from azure.identity import DefaultAzureCredential  # takes a while to load
            from azure.keyvault.secrets import SecretClient
        with ExitStack() as open_now:
            credential = self.credential or open_now.enter_context(DefaultAzureCredential())
            client = SecretClient(
                self.vault_url,
                credential,
                connection_timeout=_CONNECT,
                read_timeout=_READ,
                retry_total=_RETRIES,
                permit_redirects=False,
            )
            yield open_now.enter_context(client)


def refusal_of(
    error: Exception, where: str, advice: Mapping[int, str] = _ADVICE
) -> ConfigurationError:
    """Return what to do by the kind of `error`; its text is left out."""
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    kind = type(error).__name__
    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return SecretUnavailable(f"{where} cannot be reached ({kind}): check the URL and network")
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if status:
        todo = advice.get(status, "check the URL of the vault and the name")
        return refusal(status, where, "Azure", todo)
    if isinstance(error, ClientAuthenticationError):
        return ConfigurationError(f"there are no credentials for {where} ({kind}): run `az login`")
    return ConfigurationError(f"{where} cannot be read ({kind}): check the URL and the name")
