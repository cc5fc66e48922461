"""Tokens that are bound to a key or to a certificate, at the server's own APIs."""

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection

from gatepass.guard.verification.binding import DPoP
from gatepass.guard.verification.certificates import ClientCertificates
from gatepass.jose.dpop_nonces import Nonces
from gatepass.server.http import CERTIFICATE, App, ClientCertificate, Message, Receive, Scope, Send
from gatepass.server.oauth.authentication.proofs import NONCE_HEADER
from gatepass.server.oauth.served_environment import ServedEnvironment


def _certificate(connection: HTTPConnection) -> bytes | None:
    """Return the certificate of the client: of its connection, or of a trusted proxy."""
    found: ClientCertificate | None = connection.scope.get(CERTIFICATE)
    return found.der if found else None


def _nonces(connection: HTTPConnection) -> tuple[Nonces, ...]:
    return _environment(connection.scope).proofs.nonces


def _environment(scope: Scope) -> ServedEnvironment:
    environment: ServedEnvironment = scope["gatepass.environment"]
    return environment


CLIENT_CERTIFICATES = ClientCertificates(read=_certificate)


def dpop() -> DPoP:
    """Return how a guard checks proofs: by the nonces of the environment, and its own memory."""
    return DPoP(nonces=_nonces, is_offered=False)


class GivesNonces:
    """An API whose responses to requests with a proof have a nonce for the next (RFC 9449 §8.2).

    It is that of the environment of the request, which its guard asks for. Where proofs need no
    nonce, nothing is added.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request."""
        nonce = _nonce(scope)

        async def send_with_nonce(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(raw=message["headers"])[NONCE_HEADER.decode()] = nonce
            await send(message)

        await self._app(scope, receive, send_with_nonce if nonce else send)


def _nonce(scope: Scope) -> str:
    environment = _environment(scope)
    if not environment.proofs.nonces:
        return ""
    sent = (value for name, value in scope["headers"] if name == b"authorization")
    has_dpop = any(value[:5].lower() == b"dpop " for value in sent)
    return environment.proofs.nonce(environment.clock()) if has_dpop else ""
