"""The doctor's instruments: names, connections, TLS and HTTP, each looked at by itself.

They look the way the client goes: the same proxy, the same trusted certificates.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from random import random
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from gatepass.client import clock
from gatepass.client.certificate import Certificate, Handshake
from gatepass.client.flow import Patience, ask
from gatepass.client.known_secrets import KnownSecrets
from gatepass.client.secrets import SecretSource
from gatepass.client.sending import Httpx2Sender
from gatepass.client.settings import ClientSettings
from gatepass.wire.flow import Request, Response, run
from gatepass.wire.loopback import may_use_proxy
from gatepass.wire.secret import Secret
from gatepass.wire.token import TokenResponse

_TIMEOUT = 5.0  # seconds for each address to connect, and for each step of a handshake
_EXCHANGE = 10.0  # seconds for a request and its answer
_NO_CHECK_TIME = 0x20_0000  # X509_V_FLAG_NO_CHECK_TIME

Send: TypeAlias = Callable[[Request], Response]


class Target(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def target(url: str) -> Target:
    """Give what `url` is connected to where no proxy is between."""
    parts = urlsplit(url)
    return Target(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def proxy(url: str) -> Target | None:
    """Give the proxy that the environment asks for, None where there is none for `url`."""
    parts = urlsplit(url)
    named = getproxies()
    given = named.get(parts.scheme) or named.get("all")
    if not given or not may_use_proxy(url) or proxy_bypass(parts.hostname or ""):
        return None
    return target(given if "://" in given else f"http://{given}")


def addresses(at: Target) -> list[str]:
    """Resolve the name, as connecting does; raises OSError."""
    found = socket.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def connect(at: Target, found: list[str], timeout: float = _TIMEOUT) -> tuple[str, list[str]]:
    """Connect to the first address that answers; give it, and those that were waited for in vain.

    Raises OSError where none answers, the reason of the last.
    """
    silent, failure = [], OSError(0, "there is no address")
    for address in found:
        try:
            socket.create_connection((address, at.port), timeout).close()
        except OSError as error:
            failure = error
            if isinstance(error, TimeoutError):
                silent.append(address)
        else:
            return address, silent
    raise failure


def shake(at: Target) -> Handshake:
    """Make a TLS connection as the client does; raises OSError, of which SSLError is a kind."""
    return _shake(at, httpx2.create_ssl_context())


def presented(at: Target) -> Certificate | None:
    """Give a certificate of a trusted issuer, though its time or names are wrong."""
    context = httpx2.create_ssl_context()
    context.check_hostname = False
    context.verify_flags |= _NO_CHECK_TIME
    with suppress(OSError):
        return _shake(at, context).certificate
    return None


def _shake(at: Target, context: ssl.SSLContext) -> Handshake:
    with (
        socket.create_connection(at, _TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=at.host) as safe,
    ):
        return Handshake(safe.version() or "TLS", safe.getpeercert() or {})


def sender(token_url: str) -> Send:
    """Give what carries requests; raises ConfigurationError, or OSError for SSL_CERT_FILE."""
    return Httpx2Sender(token_url).send


def document(send: Send, url: str) -> Response:
    """Ask for a public document; raises Unreachable."""
    return send(Request("GET", url, {"accept": "application/json", "user-agent": "gatepass"}, b""))


def secret(source: SecretSource) -> Secret:
    """Ask a source for its secret; raises ConfigurationError."""
    return KnownSecrets((source,)).read()[0]


def grant(settings: ClientSettings, known: Secret, send: Send) -> TokenResponse:
    """Ask for a token once; raises a ClientError."""
    patience = Patience(clock.now() + _EXCHANGE, attempts=1)
    return run(ask(settings, known, patience, clock.now, random), send).response
