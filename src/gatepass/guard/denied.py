"""A refusal as HTTP says it: status, challenge, and a problem document (RFC 9457)."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gatepass.guard.expectation import Expectation
from gatepass.wire import bearer
from gatepass.wire.problem import Refused
from gatepass.wire.scope import Scope

_NO_CREDENTIALS = "This needs an access token, sent as Authorization: Bearer and the token."


class Denied(HTTPException):
    """What the guard raises.

    A framework that knows HTTPException answers it with the right status and headers, and
    the body `{"detail": ...}`, which is a problem document though a short one; `answer` gives
    the whole of it.
    """

    def __init__(self, refused: Refused | None, expect: Expectation, wanted: Scope) -> None:
        status = 401 if refused is None else refused.status
        headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
        if status < 500:
            headers["WWW-Authenticate"] = bearer.challenge(
                refused, scope=wanted, resource_metadata=expect.resource_metadata
            )
        if refused is not None and refused.retry_after is not None:
            headers["Retry-After"] = str(refused.retry_after)
        super().__init__(status, _NO_CREDENTIALS if refused is None else refused.say, headers)


async def answer(_request: Request, error: Exception) -> Response:
    """Answer a Denied with type, title, status and detail: an exception handler."""
    if not isinstance(error, Denied):
        raise error
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": error.detail,
    }
    return JSONResponse(problem, error.status_code, error.headers)
