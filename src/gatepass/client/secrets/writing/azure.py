"""Replaces a secret in Azure Key Vault, or one field of its JSON."""

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.azure import FromAzure, refusal_of
from gatepass.client.secrets.validation import select
from gatepass.client.secrets.writing.store import ReadBySource, check_same
from gatepass.client.secrets.writing.text import with_secret
from gatepass.wire.secret import Secret

_ADVICE = {
    401: "check the credentials and their tenant",
    403: "let them write secrets (role Key Vault Secrets Officer), and see the vault's firewall",
    404: "check the name of the secret",
    409: "it was deleted and can be recovered, recover it first",
}


class AzureStore(ReadBySource):
    """What a FromAzure reads as the newest version. Old versions, content type and tags stay."""

    def __init__(self, source: FromAzure) -> None:
        super().__init__(source, source.where)
        self._azure = source

    def check(self) -> None:
        """Raise where one version is named: a new one would never be read."""
        if self._azure.version:
            raise ConfigurationError(
                f"{self.where} is one version, which never changes: name no version"
            )

    def write(self, new: Secret, expected: Secret) -> None:
        """Set the secret, which makes a new version."""
        name, field = self._azure.name, self._azure.field
        try:
            with self._azure.client() as client:
                kept = client.get_secret(name)
                text = kept.value or ""
                check_same(Secret(select(text, field, self.where)), expected, self.where)
                client.set_secret(
                    name,
                    with_secret(text, field, new),
                    content_type=kept.properties.content_type,
                    tags=kept.properties.tags,
                )
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - the library's, and what strange answers cause
            raise refusal_of(error, self.where, _ADVICE) from None
