"""The settings of the client, checked when they are created."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeAlias, cast
from urllib.parse import parse_qsl

from gatepass.client import variables as env
from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.file import FromFile
from gatepass.client.secrets.source import Literal, SecretSource
from gatepass.client.secrets.validation import check_secret, check_text
from gatepass.client.urls import check_url
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

CLIENT_CREDENTIALS = "client_credentials"  # RFC 6749 §4.4.2
BASIC, POST = "client_secret_basic", "client_secret_post"  # the names of OpenID Connect Core §9

# Parameters of the request itself; an assertion is another way to authenticate.
_RESERVED = {
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "grant_type",
    "resource",
    "scope",
}
# Headers that HTTP and the token request set themselves.
_RESERVED_HEADERS = {
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_FIELD_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_SHORTEST_KEY = 8  # characters; what is shorter than that is a word or a number
_URI = re.compile(r"[\x21-\x7e]+")


ClientSecret: TypeAlias = str | Secret | SecretSource


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
    `auth_method` is where the client id and secret go (RFC 6749 §2.3.1): in a Basic header
    (`client_secret_basic`) or in the form (`client_secret_post`). `ca_file` is a PEM file of
    the certificate authorities to trust instead of those of the system.
    """

    token_url: str
    client_id: str
    client_secret: ClientSecret | Sequence[ClientSecret]
    scope: str = ""
    resource: str | Sequence[str] = ()
    parameters: Mapping[str, str] | Sequence[tuple[str, str]] = field(default=(), repr=False)
    auth_method: str = BASIC
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = field(default=(), repr=False)
    grant_type: str = CLIENT_CREDENTIALS
    ca_file: str = ""

    def __post_init__(self) -> None:
        sources = tuple(map(_source, _each(self.client_secret)))
        object.__setattr__(self, "client_secret", sources)
        resource = (self.resource,) if isinstance(self.resource, str) else tuple(self.resource)
        object.__setattr__(self, "resource", resource)
        object.__setattr__(self, "parameters", _pairs(self.parameters))
        fields = tuple((name.lower(), value) for name, value in _pairs(self.headers))
        object.__setattr__(self, "headers", fields)
        self._check()

    def _check(self) -> None:
        check_url(self.token_url, f"the token URL ({env.TOKEN_URL})")
        check_text(self.client_id, f"the client id ({env.CLIENT_ID})")
        if not self.secret_sources:
            raise ConfigurationError(f"the client secret ({env.CLIENT_SECRET}) is missing: set it")
        try:
            Scope.parse(self.scope)
        except OAuthError:
            raise ConfigurationError(
                f"the scope ({env.SCOPE}) is malformed: give names separated by single spaces"
            ) from None
        for resource in self.resource:
            _check_resource(resource)
        _check_parameters(self.form_parameters)
        _check_headers(self.header_fields)
        check_text(self.grant_type, f"the grant type ({env.GRANT_TYPE})")
        if self.auth_method not in {BASIC, POST}:
            raise ConfigurationError(
                f"the way to authenticate ({env.AUTH_METHOD}) is not known: set {BASIC} or {POST}"
            )

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
        missing = [name for name in (env.TOKEN_URL, env.CLIENT_ID) if not environ.get(name)]
        secret = _secret(environ, env.CLIENT_SECRET)
        if secret is None:
            missing.append(
                f"{env.CLIENT_SECRET} (or {env.CLIENT_SECRET_FILE}, or {env.CLIENT_SECRET_FROM})"
            )
        if missing or secret is None:
            raise ConfigurationError(f"set the environment variables {', '.join(missing)}")
        next_secret = _secret(environ, env.NEXT_CLIENT_SECRET)
        return cls(
            environ[env.TOKEN_URL],
            environ[env.CLIENT_ID],
            (secret,) if next_secret is None else (secret, next_secret),
            environ.get(env.SCOPE, ""),
            tuple(environ.get(env.RESOURCE, "").split()),
            _query(environ.get(env.PARAMETERS, ""), f"the parameters ({env.PARAMETERS})"),
            environ.get(env.AUTH_METHOD) or BASIC,
            _query(environ.get(env.HEADERS, ""), f"the headers ({env.HEADERS})"),
            environ.get(env.GRANT_TYPE) or CLIENT_CREDENTIALS,
            environ.get(env.CA_FILE, ""),
        )


def _each(given: ClientSecret | Sequence[ClientSecret]) -> Sequence[ClientSecret]:
    if isinstance(given, str | Secret) or callable(given):
        return (given,)
    return given


def _source(given: ClientSecret) -> SecretSource:
    if isinstance(given, str):
        given = Secret(given)
    if isinstance(given, Secret):
        return Literal(check_secret(given.value))
    return given


def _check_resource(resource: str) -> None:
    """RFC 8707 §2: an absolute URI without a fragment."""
    if (
        not _URI.fullmatch(resource)
        or "#" in resource
        or not re.match(r"[A-Za-z][\w+.-]*:.", resource)
    ):
        raise ConfigurationError(
            f"the resource ({env.RESOURCE}) is not an absolute URI without fragment: correct it"
        )


def _pairs(given: Mapping[str, str] | Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = given.items() if isinstance(given, Mapping) else given
    return tuple((name, text) for name, text in pairs)


def _query(text: str, what: str) -> list[tuple[str, str]]:
    """Read pairs that are written like the query of a URL."""
    try:
        return parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError:
        raise ConfigurationError(
            f"{what} are malformed: write them like name=text&other=text"
        ) from None


def _check_parameters(parameters: Sequence[tuple[str, str]]) -> None:
    for name, text in parameters:
        what = f"a name or a text of the parameters ({env.PARAMETERS})"
        check_text(name, what)
        if text:
            check_text(text, what)
        if name in _RESERVED:
            raise ConfigurationError(
                f"the parameters ({env.PARAMETERS}) have {name} in them: take it out; the scope, "
                "the resource and the credentials have settings of their own"
            )


def _check_headers(headers: Sequence[tuple[str, str]]) -> None:
    for name, value in headers:
        if not _FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
            raise ConfigurationError(
                f"the headers ({env.HEADERS}) have a name or a value that no header can have: give "
                "names like X-Api-Key and values of printable ASCII"
            )
        if name in _RESERVED_HEADERS:
            raise ConfigurationError(
                f"the headers ({env.HEADERS}) have {name} in them, which the request sets: "
                "take it out"
            )
    if len(headers) != len(dict(headers)):
        raise ConfigurationError(f"the headers ({env.HEADERS}) name one twice: give it once")


def _secret(environ: Mapping[str, str], name: str) -> SecretSource | None:
    """Return the source that a variable beginning with `name` sets, None without one."""
    kinds = {name: _literal, f"{name}_FILE": _file, f"{name}_FROM": _elsewhere}
    given = [kind for kind in kinds if environ.get(kind)]
    if len(given) > 1:
        raise ConfigurationError(f"set {' or '.join(given)}, not both")
    return kinds[given[0]](environ[given[0]], given[0]) if given else None


def _literal(text: str, _name: str) -> SecretSource:
    return Literal(check_secret(text))


def _file(path: str, name: str) -> SecretSource:
    source = FromFile(path, name)
    check_secret(source())
    return source


def _elsewhere(text: str, _name: str) -> SecretSource:
    from gatepass.client.secrets.uri import from_uri  # seldom needed

    return from_uri(text)
