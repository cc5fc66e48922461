"""How a token request says who the client is: by a secret, or by an assertion that a key signs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from gatepass.client.errors import Unreachable
from gatepass.client.keys import assertion
from gatepass.client.keys.certificate import ClientCertificate
from gatepass.client.keys.signing_key import SigningKey
from gatepass.client.network.metadata import locations, read
from gatepass.client.network.urls import check_url
from gatepass.client.settings import POST, TOKEN_ENDPOINT, ClientSettings
from gatepass.client.tokens.drivers import TokenFlow, signed
from gatepass.wire import basic
from gatepass.wire.flow import JSON_HEADERS, Request, Response
from gatepass.wire.secret import Secret

Credential: TypeAlias = Secret | SigningKey | ClientCertificate

_USER_AGENT = "gatepass"
_TRANSIENT = {408, 425, 429}


@dataclass(frozen=True, slots=True)
class Authentication:
    """What a request has for authentication: parameters of the form, and headers."""

    form: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


def by_secret(settings: ClientSettings, secret: Secret) -> Authentication:
    """Return id and secret (RFC 6749 §2.3.1), in the form or in a Basic header."""
    if settings.auth_method == POST:
        return Authentication((("client_id", settings.client_id), ("client_secret", secret.value)))
    return Authentication(headers=(("authorization", basic.write(settings.client_id, secret)),))


class Authenticator:
    """Authenticates the requests of one client; remembers what the server's metadata say.

    `wall` returns Unix seconds. One caller uses it at a time.
    """

    def __init__(self, settings: ClientSettings, wall: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._wall = wall
        self._server: _Server | None = None

    def authenticate(
        self, credential: Credential, *, after: float, timeout: float
    ) -> TokenFlow[Authentication]:
        """Return what a request that is sent `after` so many seconds needs.

        Every call makes a new assertion, since a server accepts each once. Raises Unreachable
        where the metadata are needed and do not come within `timeout` seconds for each request.
        """
        if isinstance(credential, Secret):
            return by_secret(self._settings, credential)
        if isinstance(credential, ClientCertificate):  # the connection has it (RFC 8705 §2)
            return Authentication((("client_id", self._settings.client_id),))
        audience = yield from self.audience(timeout)
        content = assertion.content(
            credential, self._settings.client_id, audience, self._wall() + after
        )
        signature = yield from signed(credential, content.encode(), timeout)
        return Authentication(
            (
                ("client_id", self._settings.client_id),
                ("client_assertion_type", assertion.TYPE),
                ("client_assertion", assertion.joined(content, signature)),
            )
        )

    def audience(self, timeout: float) -> TokenFlow[str]:
        """Return whom assertions are for, as `ClientSettings` describes it."""
        wanted = self._settings.assertion_audience
        if wanted:
            return self._settings.token_url if wanted == TOKEN_ENDPOINT else wanted
        return (yield from self._find(timeout)).issuer

    def token_url(self, timeout: float) -> TokenFlow[str]:
        """Return where tokens are requested: with a certificate, at the alias for it.

        RFC 8705 §5: a server may accept certificates at another address.
        """
        if self._settings.certificate is None:
            return self._settings.token_url
        return (yield from self._find(timeout)).token_url

    def forget(self) -> None:
        """Read the metadata again next time: the server refused what was made with them."""
        self._server = None

    def clock_difference(self, response: Response) -> float | None:
        """Return the seconds that this machine's clock is ahead of the response's Date."""
        from email.utils import parsedate_to_datetime

        try:
            made = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
        except (ValueError, OverflowError):
            return None
        return self._wall() - made

    def _find(self, timeout: float) -> TokenFlow["_Server"]:
        if self._server is None:
            self._server = yield from self._read_metadata(timeout)
        return self._server

    def _read_metadata(self, timeout: float) -> TokenFlow["_Server"]:
        """Return what the metadata say (RFC 8414 §3), the token URL itself without any.

        Only metadata that name this token endpoint count, and whose issuer is where they are
        (§3.3): another server's would let it use the assertion.
        """
        token_url = self._settings.token_url
        headers = {**JSON_HEADERS, "user-agent": _USER_AGENT}
        for location in locations(token_url):
            response = yield Request("GET", location.url, headers, timeout=timeout)
            if is_transient(response.status):
                raise Unreachable(f"its metadata are answered {response.status}")
            document = read(response.body) if response.status == HTTPStatus.OK else None
            if document is None:
                continue
            issuer, endpoint = str(document["issuer"]), str(document.get("token_endpoint"))
            if issuer.rstrip("/") == location.issuer and _is_same(endpoint, token_url):
                return _Server(issuer, _alias(document) or token_url)
        return _Server(token_url, token_url)


@dataclass(frozen=True, slots=True)
class _Server:
    """What is used of a server's metadata."""

    issuer: str
    token_url: str


def _alias(document: Mapping[str, object]) -> str:
    """Return the token endpoint for clients with a certificate, empty without one."""
    aliases = document.get("mtls_endpoint_aliases")
    alias = aliases.get("token_endpoint") if isinstance(aliases, dict) else None
    if not isinstance(alias, str):
        return ""
    check_url(alias, "the address for certificates in the server's metadata")
    return alias


def is_transient(status: int) -> bool:
    """Return whether the same request may be answered otherwise later."""
    return status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _is_same(endpoint: str, token_url: str) -> bool:
    return endpoint.rstrip("/") == token_url.partition("?")[0].rstrip("/")
