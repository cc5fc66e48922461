"""How a token request says who the client is: by a secret, or by an assertion that a key signs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from gatepass.client.errors import Unreachable
from gatepass.client.keys import assertion
from gatepass.client.keys.signing_key import SigningKey
from gatepass.client.network.metadata import locations, read
from gatepass.client.settings import POST, TOKEN_ENDPOINT, ClientSettings
from gatepass.client.tokens.drivers import TokenFlow, signed
from gatepass.wire import basic
from gatepass.wire.flow import JSON_HEADERS, Request, Response
from gatepass.wire.secret import Secret

Credential: TypeAlias = Secret | SigningKey

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
        self._issuer = ""

    def authenticate(
        self, credential: Credential, *, after: float, timeout: float
    ) -> TokenFlow[Authentication]:
        """Return what a request that is sent `after` so many seconds needs.

        Every call makes a new assertion, since a server accepts each once. Raises Unreachable
        where the metadata are needed and do not come within `timeout` seconds for each request.
        """
        if isinstance(credential, Secret):
            return by_secret(self._settings, credential)
        audience = yield from self.audience(timeout)
        content = assertion.content(
            credential, self._settings.client_id, audience, self._wall() + after
        )
        signature = yield from signed(credential, content.encode())
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
        if not self._issuer:
            self._issuer = yield from self._find_issuer(timeout)
        return self._issuer

    def forget(self) -> None:
        """Read the metadata again next time: the server refused what was made with them."""
        self._issuer = ""

    def clock_difference(self, response: Response) -> float | None:
        """Return the seconds that this machine's clock is ahead of the response's Date."""
        from email.utils import parsedate_to_datetime

        try:
            made = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
        except (ValueError, OverflowError):
            return None
        return self._wall() - made

    def _find_issuer(self, timeout: float) -> TokenFlow[str]:
        """Return the issuer (RFC 8414 §3), the token URL where no metadata name it.

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
                return issuer
        return token_url


def is_transient(status: int) -> bool:
    """Return whether the same request may be answered otherwise later."""
    return status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _is_same(endpoint: str, token_url: str) -> bool:
    return endpoint.rstrip("/") == token_url.partition("?")[0].rstrip("/")
