"""The I/O of `gatepass check`: connections, TLS and HTTP.

It uses the same proxy and the same trusted certificates as the client.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import random
from typing import TypeAlias, cast

from gatepass.client.doctor.certificate import Handshake
from gatepass.client.keys.certificate import ClientCertificate
from gatepass.client.network.certificate_authorities import trusted
from gatepass.client.network.certificate_errors import Certificate
from gatepass.client.network.route import Target
from gatepass.client.secrets.rotation import read_secret
from gatepass.client.secrets.source import SecretSource
from gatepass.client.settings import PRIVATE_KEY_JWT, ClientSettings, KeySource
from gatepass.client.tokens import clock
from gatepass.client.tokens.authentication import Credential
from gatepass.client.tokens.drivers import Sign, Step
from gatepass.client.tokens.request import RetryLimits, request_token
from gatepass.client.tokens.token import CachedToken
from gatepass.client.tokens.transport import Httpx2Sender
from gatepass.wire.flow import Request, Response, run

_TIMEOUT = 5.0  # seconds for each address to connect, and for each step of a handshake
_EXCHANGE = 10.0  # seconds for a request and its answer
_NO_CHECK_TIME = 0x20_0000  # X509_V_FLAG_NO_CHECK_TIME

Send: TypeAlias = Callable[[Request], Response]


def connect(at: Target, found: list[str], timeout: float = _TIMEOUT) -> tuple[str, list[str]]:
    """Connect to the first address that answers; return it, and those that timed out before.

    Raises the last address's OSError where none answers.
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


def handshake(at: Target, ca_file: str, certificate: ClientCertificate | None = None) -> Handshake:
    """Make a TLS connection as the client does; raises OSError, such as SSLError."""
    return _handshake(at, certificate.context(ca_file) if certificate else trusted(ca_file))


def presented(at: Target, ca_file: str) -> Certificate | None:
    """Return a certificate of a trusted issuer, even if its time or names are wrong."""
    context = trusted(ca_file)
    context.check_hostname = False
    context.verify_flags |= _NO_CHECK_TIME
    with suppress(OSError):
        return _handshake(at, context).certificate
    return None


def _handshake(at: Target, context: ssl.SSLContext) -> Handshake:
    with (
        socket.create_connection(at, _TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=at.host) as safe,
    ):
        return Handshake(safe.version() or "TLS", safe.getpeercert() or {})


def sender(token_url: str, ca_file: str, certificate: ClientCertificate | None = None) -> Send:
    """Return a function that sends requests; raises ConfigurationError."""
    return Httpx2Sender(token_url, ca_file, certificate).send


def document(send: Send, url: str) -> Response:
    """Request a public document; raises Unreachable."""
    return send(Request("GET", url, {"accept": "application/json", "user-agent": "gatepass"}, b""))


def credential(settings: ClientSettings, source: KeySource | ClientCertificate) -> Credential:
    """Read the source of a secret or a key; raises ConfigurationError."""
    if isinstance(source, ClientCertificate):
        source.check()
        return source
    if settings.auth_method == PRIVATE_KEY_JWT:
        return settings.read_key(source)
    return read_secret(cast("SecretSource", source))


def grant(settings: ClientSettings, known: Credential, send: Send) -> CachedToken:
    """Request a token once; raises a ClientError."""
    limits = RetryLimits(clock.now() + _EXCHANGE, max_attempts=1)
    prover = settings.prover()
    flow = request_token(settings, known, limits, clock.now, random, prover=prover)
    return run(flow, partial(_perform, send))


def _perform(send: Send, step: Step) -> object:
    """Perform a step of the flow; the pauses of this one are zero."""
    if isinstance(step, Sign):
        return step.key.signature(step.message)
    return send(cast("Request", step))
