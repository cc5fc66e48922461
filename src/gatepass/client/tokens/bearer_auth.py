"""What the adapters share: the token source behind each, and how it is configured."""

from collections.abc import Mapping, Sequence
from typing import Self

from gatepass.client.secrets.source import SecretSource
from gatepass.client.settings import CLIENT_CREDENTIALS, ClientSecret, ClientSettings, PrivateKey
from gatepass.client.tokens.source import TokenSource, shared_source
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.secret import Secret


class BearerAuthBase:
    """Sends requests with tokens of one source; the base of every adapter's class."""

    def __init__(  # noqa: PLR0913 - each is one setting, passed by name
        self,
        *,
        token_url: str,
        client_id: str,
        client_secret: ClientSecret | Sequence[ClientSecret] = (),
        scope: str = "",
        resource: str | Sequence[str] = (),
        parameters: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        auth_method: str = "",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        grant_type: str = CLIENT_CREDENTIALS,
        ca_file: str = "",
        private_key: PrivateKey | Sequence[PrivateKey] = (),
        private_key_id: str = "",
        private_key_alg: str = "",
        assertion_audience: str = "",
        client_cert: str = "",
        client_key: str = "",
        dpop: bool = False,
        dpop_key: str | Secret | SecretSource | None = None,
    ) -> None:
        settings = ClientSettings(
            token_url,
            client_id,
            client_secret,
            scope,
            resource,
            parameters,
            auth_method,
            headers,
            grant_type,
            ca_file,
            private_key=private_key,
            private_key_id=private_key_id,
            private_key_alg=private_key_alg,
            assertion_audience=assertion_audience,
            client_cert=client_cert,
            client_key=client_key,
            dpop=dpop,
            dpop_key=dpop_key,
        )
        self._source = shared_source(settings)

    @classmethod
    def from_env(cls) -> Self:
        """Read the settings from GATEPASS_TOKEN_URL, GATEPASS_CLIENT_ID and so on."""
        return cls.sharing(shared_source(ClientSettings.from_env()))

    @classmethod
    def sharing(cls, source: TokenSource) -> Self:
        """Use the tokens of `source`, which may have other users."""
        auth = cls.__new__(cls)
        auth._source = source  # noqa: SLF001 - our own
        return auth

    @property
    def source(self) -> TokenSource:
        """The token source, to read its `status` or to share it."""
        return self._source


def is_challenged(
    source: TokenSource, token: CachedToken, url: str, status: int, headers: Mapping[str, str]
) -> bool:
    """Keep the nonce of a response of an API; return whether it asks for a proof with that.

    `headers` are those of the response, by names in any case. Such a 401 says nothing about the
    token. A proof of another address, as after a redirect, is refused alike.
    """
    prover = source.prover
    if prover is None or not token.jkt:
        return False
    prover.remember(url, headers)
    return prover.is_challenged(status, headers)
