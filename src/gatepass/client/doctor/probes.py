"""The doctor's instruments: names, connections, TLS and HTTP, each looked at by itself.

They look the way the client goes: the same proxy, the same trusted certificates.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from random import random
from typing import TypeAlias

from gatepass.client.doctor.certificate import Handshake
from gatepass.client.network.certificate_authorities import trusted
from gatepass.client.network.certificate_errors import Certificate
from gatepass.client.network.route import Target
from gatepass.client.secrets.rotation import SecretRotation
from gatepass.client.secrets.source import SecretSource
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens import clock
from gatepass.client.tokens.request import RetryLimits, request_token
from gatepass.client.tokens.transport import Httpx2Sender
from gatepass.wire.flow import Request, Response, run
from gatepass.wire.secret import Secret
from gatepass.wire.token_response import TokenResponse

_TIMEOUT = 5.0  # seconds for each address to connect, and for each step of a handshake
_EXCHANGE = 10.0  # seconds for a request and its answer
_NO_CHECK_TIME = 0x20_0000  # X509_V_FLAG_NO_CHECK_TIME

Send: TypeAlias = Callable[[Request], Response]


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


def shake(at: Target, ca_file: str) -> Handshake:
    """Make a TLS connection as the client does; raises OSError, of which SSLError is a kind."""
    return _shake(at, trusted(ca_file))


def presented(at: Target, ca_file: str) -> Certificate | None:
    """Give a certificate of a trusted issuer, though its time or names are wrong."""
    context = trusted(ca_file)
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


def sender(token_url: str, ca_file: str) -> Send:
    """Give what carries requests; raises ConfigurationError."""
    return Httpx2Sender(token_url, ca_file).send


def document(send: Send, url: str) -> Response:
    """Ask for a public document; raises Unreachable."""
    return send(Request("GET", url, {"accept": "application/json", "user-agent": "gatepass"}, b""))


def secret(source: SecretSource) -> Secret:
    """Ask a source for its secret; raises ConfigurationError."""
    return SecretRotation((source,)).read()[0]


def grant(settings: ClientSettings, known: Secret, send: Send) -> TokenResponse:
    """Ask for a token once; raises a ClientError."""
    limits = RetryLimits(clock.now() + _EXCHANGE, max_attempts=1)
    return run(request_token(settings, known, limits, clock.now, random), send).response
