"""The settings of the client, checked when they are created."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar, cast

from gatepass.client import variables as env
from gatepass.client.errors import ConfigurationError, cleaned
from gatepass.client.keys.signing_key import SigningKey
from gatepass.client.network.urls import check_url
from gatepass.client.secrets.file import FromFile
from gatepass.client.secrets.rotation import read_text
from gatepass.client.secrets.source import Literal, SecretSource
from gatepass.client.secrets.validation import check_secret, check_text
from gatepass.client.settings import checks, environment
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    import ssl

    from gatepass.client.keys.certificate import ClientCertificate
    from gatepass.client.keys.dpop import Prover

CLIENT_CREDENTIALS = "client_credentials"  # RFC 6749 §4.4.2
# The names of OpenID Connect Core §9.
BASIC, POST = "client_secret_basic", "client_secret_post"
PRIVATE_KEY_JWT = "private_key_jwt"
TLS, SELF_SIGNED_TLS = "tls_client_auth", "self_signed_tls_client_auth"  # RFC 8705 §2
METHODS = (BASIC, POST, PRIVATE_KEY_JWT, TLS, SELF_SIGNED_TLS)
TOKEN_ENDPOINT = "token_endpoint"  # noqa: S105 - as an audience: the token URL itself

_SHORTEST_KEY = 8  # characters; what is shorter than that is a word or a number

ClientSecret: TypeAlias = str | Secret | SecretSource
KeySource: TypeAlias = SigningKey | SecretSource
PrivateKey: TypeAlias = str | Secret | SigningKey | SecretSource
Given = TypeVar("Given", ClientSecret, PrivateKey)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The token endpoint, the client and the scope; raises ConfigurationError for invalid values.

    `client_secret` is the secret, or a function that returns it (see `gatepass.client.secrets`),
    or several of these: while a secret is rotated the second is tried where the first is
    refused. `scope` is empty to request the server's default; `resource` names the APIs that
    the token is for (RFC 8707 §2), if any. `parameters`, a mapping or pairs, are sent in
    addition, to servers that need more than the standard has (such as `audience`); they are not
    for secrets. `headers` are sent with the token request, for servers that need a key of their
    own. `grant_type` replaces client_credentials for servers with another name for it.
    `auth_method` is how the client authenticates (RFC 6749 §2.3.1): with its id and secret in a
    Basic header (`client_secret_basic`) or in the form (`client_secret_post`), or with a key
    (`private_key_jwt`, RFC 7523); empty for the one that fits what is given, a secret first.
    `ca_file` is a PEM file of the certificate authorities to trust instead of those of the system.

    `private_key` is a private key in PEM or JWK, a function that returns it (as for the secret), a
    `SigningKey`, or several of these. `private_key_id` is its name at the server (`kid`) and
    `private_key_alg` the algorithm, where the key itself does not say. `assertion_audience` is
    whom assertions are for: empty for the issuer in the server's metadata (the token URL where it
    publishes none), `token_endpoint` for the token URL, else the text itself.

    `client_cert` is a PEM file with a certificate for the connections to the token endpoint
    (RFC 8705), and `client_key` the file of its private key, empty where the first has both. They
    authenticate the client with the method `tls_client_auth` or `self_signed_tls_client_auth`;
    with any other method tokens may be bound to the certificate.

    With `dpop` tokens are bound to a key (RFC 9449): to `dpop_key`, a private key in PEM or JWK or
    a function that returns it, or to one that each token source makes for itself.
    """

    token_url: str
    client_id: str
    client_secret: ClientSecret | Sequence[ClientSecret] = ()
    scope: str = ""
    resource: str | Sequence[str] = ()
    parameters: Mapping[str, str] | Sequence[tuple[str, str]] = field(default=(), repr=False)
    auth_method: str = ""
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = field(default=(), repr=False)
    grant_type: str = CLIENT_CREDENTIALS
    ca_file: str = ""
    private_key: PrivateKey | Sequence[PrivateKey] = field(default=(), kw_only=True, repr=False)
    private_key_id: str = field(default="", kw_only=True)
    private_key_alg: str = field(default="", kw_only=True)
    assertion_audience: str = field(default="", kw_only=True)
    client_cert: str = field(default="", kw_only=True)
    client_key: str = field(default="", kw_only=True)
    dpop: bool = field(default=False, kw_only=True)
    dpop_key: str | Secret | SecretSource | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        sources = tuple(map(_source, _each(self.client_secret)))
        object.__setattr__(self, "client_secret", sources)
        keys = tuple(map(_key, _each(self.private_key)))
        object.__setattr__(self, "private_key", keys)
        if self.dpop_key is not None:
            object.__setattr__(self, "dpop", True)
            object.__setattr__(self, "dpop_key", _key(self.dpop_key))
        resource = (self.resource,) if isinstance(self.resource, str) else tuple(self.resource)
        object.__setattr__(self, "resource", resource)
        object.__setattr__(self, "parameters", _pairs(self.parameters))
        fields = tuple((name.lower(), value) for name, value in _pairs(self.headers))
        object.__setattr__(self, "headers", fields)
        without_secret = PRIVATE_KEY_JWT if keys else TLS if self.client_cert else BASIC
        usual = BASIC if sources else without_secret
        object.__setattr__(self, "auth_method", self.auth_method or usual)
        self._check()

    def _check(self) -> None:
        check_url(self.token_url, f"the token URL ({env.TOKEN_URL})")
        check_text(self.client_id, f"the client id ({env.CLIENT_ID})")
        if self.auth_method not in METHODS:
            raise ConfigurationError(
                f"the way to authenticate ({env.AUTH_METHOD}) is not known: set one of "
                + ", ".join(METHODS)
            )
        if self.auth_method == PRIVATE_KEY_JWT and not self.key_sources:
            raise ConfigurationError(
                f"the private key ({env.PRIVATE_KEY}_FILE) is missing: set it, as "
                f"{env.AUTH_METHOD} is {PRIVATE_KEY_JWT}"
            )
        checks.check_certificate(self)
        if self.auth_method in {BASIC, POST} and not self.secret_sources:
            raise ConfigurationError(f"the client secret ({env.CLIENT_SECRET}) is missing: set it")
        try:
            Scope.parse(self.scope)
        except OAuthError:
            raise ConfigurationError(
                f"the scope ({env.SCOPE}) is malformed: give names separated by single spaces"
            ) from None
        for resource in self.resource:
            checks.check_resource(resource)
        checks.check_parameters(self.form_parameters)
        checks.check_headers(self.header_fields)
        check_text(self.grant_type, f"the grant type ({env.GRANT_TYPE})")

    @property
    def key_sources(self) -> tuple[KeySource, ...]:
        """The sources of the private keys, in the order in which they are tried."""
        return cast("tuple[KeySource, ...]", self.private_key)

    @property
    def certificate(self) -> "ClientCertificate | None":
        """The client certificate, None without one."""
        if not self.client_cert:
            return None
        from gatepass.client.keys.certificate import ClientCertificate  # seldom needed

        return ClientCertificate(self.client_cert, self.client_key)

    def ssl_context(self) -> "ssl.SSLContext":
        """Return a context for connections to an API, with the certificate and `ca_file`.

        A certificate that is renewed on disk is used by the next connection. Raises
        ConfigurationError.
        """
        from gatepass.client.network.certificate_authorities import trusted  # loads ssl

        certificate = self.certificate
        return trusted(self.ca_file) if certificate is None else certificate.context(self.ca_file)

    def prover(self) -> "Prover | None":
        """Return what makes proofs, None without `dpop`; raise ConfigurationError. May block."""
        if not self.dpop:
            return None
        from gatepass.client.keys.dpop import Prover  # loads cryptography

        if self.dpop_key is None:
            return Prover.with_new_key()
        source = cast("SecretSource", self.dpop_key)
        where = f"the DPoP key ({_where(source, env.DPOP_KEY)})"
        return Prover.of_text(read_text(source, where), where)

    def read_key(self, source: KeySource) -> SigningKey:
        """Read one of `key_sources`; raise ConfigurationError. May block."""
        if isinstance(source, SigningKey):
            return source
        from gatepass.client.keys.key_text import read_key  # loads cryptography

        where = f"the private key ({_where(source, env.PRIVATE_KEY)})"
        text = read_text(source, where)
        return read_key(text, where, self.private_key_id, self.private_key_alg)

    @property
    def secret_sources(self) -> tuple[SecretSource, ...]:
        """The sources of the client secrets, in the order in which they are tried."""
        return cast("tuple[SecretSource, ...]", self.client_secret)

    @property
    def form_parameters(self) -> tuple[tuple[str, str], ...]:
        """The additional parameters, as pairs in their order."""
        return cast("tuple[tuple[str, str], ...]", self.parameters)

    @property
    def header_fields(self) -> tuple[tuple[str, str], ...]:
        """The additional headers; names in lower case."""
        return cast("tuple[tuple[str, str], ...]", self.headers)

    @property
    def header_secrets(self) -> tuple[Secret, ...]:
        """The values of these headers that may be keys, which no message may quote."""
        long = (value for _, value in self.header_fields if len(value) >= _SHORTEST_KEY)
        return tuple(map(Secret, long))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the GATEPASS_... variables; an empty one counts as missing.

        A secret in a file or a secret store (..._FILE, ..._FROM) is read each time that it is
        needed; a file is also read now, so that a mistake shows at the start.
        """
        return cls(**environment.read(environ))


def _where(source: SecretSource, variable: str) -> str:
    """Return what a key is read from, for messages: the file, or the variable."""
    return cleaned(f"{variable}_FILE {source.path}" if isinstance(source, FromFile) else variable)


def _each(given: Given | Sequence[Given]) -> Sequence[Given]:
    if isinstance(given, str | Secret | SigningKey) or callable(given):
        return (given,)
    return given


def _source(given: ClientSecret) -> SecretSource:
    if isinstance(given, str):
        given = Secret(given)
    if isinstance(given, Secret):
        return Literal(check_secret(given.value))
    return given


def _key(given: PrivateKey) -> KeySource:
    if isinstance(given, str):
        given = Secret(given)
    return Literal(given) if isinstance(given, Secret) else given


def _pairs(given: Mapping[str, str] | Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = given.items() if isinstance(given, Mapping) else given
    return tuple((name, text) for name, text in pairs)
