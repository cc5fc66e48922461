"""Exceptions of the OAuth endpoints become responses and lines in the log: for ASGI and fast path.

The caller learns code and description, the log also the detail. Any exception that is no
OAuthError is a fault of the server, and its response says nothing about it.
"""

from typing import NamedTuple

import structlog

from gatepass.server.domain.usage import refusal_reasons
from gatepass.server.environment.environment import Environment
from gatepass.server.http import NO_STORE, MethodNotAllowed, Request, Response
from gatepass.server.oauth.authentication.binding import nonce_headers
from gatepass.server.oauth.authentication.proofs import ProofError
from gatepass.server.oauth.bearer_authentication import BearerError
from gatepass.server.oauth.forward_auth.requirements import ANYTHING, GatewayMisconfigured
from gatepass.server.oauth.forward_auth.responses import Denial
from gatepass.server.observability import metrics
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.server.tokens.response import error_body, error_response
from gatepass.wire.errors import OAuthError

_UNAVAILABLE = "The service is not available. Try again shortly."
_SERVER_ERROR = "Something went wrong on our side."

log = structlog.get_logger("gatepass.server")


class Failure(NamedTuple):
    """An exception of an endpoint, with what the log and the response need.

    `request` is None if the request could not be read.
    """

    error: Exception
    environment: Environment
    path: str
    source: str
    request: Request | None


def respond_to(failure: Failure) -> Response:
    """Log an exception and return the response to it."""
    environment = failure.environment
    match failure.error:
        case Denial() as error:
            _record(failure, error)
            return error.response()
        case BearerError() as error:
            _record(failure, error)
            return error.response(environment.docs_url)
        case GatewayMisconfigured() as error:
            _record(failure, error)
            return Denial(error, failure.request, ANYTHING.scope, environment.issuer).response()
        case OAuthError() as error:
            _record(failure, error)
            return error_response(
                error,
                challenged=_is_challenged(failure.request),
                realm=environment.issuer,
                allow=error.allow if isinstance(error, MethodNotAllowed) else "",
                docs_url=environment.docs_url,
                more=nonce_headers(error.nonce) if isinstance(error, ProofError) else (),
            )
        case DatabaseAwayError():
            log.error("request.unavailable", path=failure.path, environment=environment.name)
            body = error_body("temporarily_unavailable", _UNAVAILABLE, environment.docs_url)
            return Response(503, (*NO_STORE, (b"retry-after", b"5")), body)
        case bug:
            log.error(
                "request.failed", path=failure.path, environment=environment.name, exc_info=bug
            )
            body = error_body("server_error", _SERVER_ERROR, environment.docs_url)
            return Response(500, NO_STORE, body)


def _is_challenged(request: Request | None) -> bool:
    """Return whether a 401 has a Basic challenge: not if the credentials were in the body."""
    if request is None:
        return False
    body = request.body
    return b"authorization" in request.headers or not (
        b"client_id" in body or b"client_assertion" in body
    )


def _record(failure: Failure, error: OAuthError) -> None:
    """Count an error, and log it within the hourly limit."""
    environment = failure.environment
    metrics.refused(environment.name, refusal_reasons.of(error))
    if error.code == "use_dpop_nonce":  # as each client's first request, and nobody's fault
        return
    event = "gateway.misconfigured" if isinstance(error, GatewayMisconfigured) else "client.refused"
    if not environment.context.log_limit.allow(event, failure.source, environment.clock()):
        return
    log.warning(
        event,
        environment=environment.name,
        path=failure.path,
        source=failure.source,
        error=error.code,
        status=error.status,
        reason=error.log_detail or error.description,
        **({"client_id": error.client_id} if error.client_id else {}),
    )
