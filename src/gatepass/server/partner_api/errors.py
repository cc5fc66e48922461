"""Problem documents: all error responses of the API (RFC 9457)."""

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from gatepass.server.domain.catalogue.model import PORTAL_USERS
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.portal_users import PortalUserRefused
from gatepass.server.partner_api.access import note_denial
from gatepass.server.serving.problem_details import MEDIA_TYPE, FieldError, members, phrase
from gatepass.server.storage.errors import DatabaseAwayError, NotFoundError
from gatepass.wire import bearer, metadata
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

MOST_ERRORS = 20  # errors listed for one request
RETRY_AFTER = 5  # seconds
_LONGEST_FIELD = 100  # characters of an unknown name that the caller sent

Handler: TypeAlias = Callable[[Request, Any], Coroutine[Any, Any, Response]]

_NOTHING = "There is nothing here, or it is not yours to see."
_AWAY = "The service cannot reach its database. Nothing was changed; try again shortly."
_TAKEN = "Somebody of the organization has this address."
_SAY = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "string_unicode": "This is not valid Unicode.",
    "string_type": "Give a string.",
}


class Problem(Exception):
    """An error response: `status`, a sentence, and the invalid fields."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class RefusedField(BaseModel):
    """An invalid field or parameter."""

    field: str
    detail: str


class ProblemDocument(BaseModel):
    """A problem document (RFC 9457); `errors` is empty where no field is at fault."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[RefusedField]


def of_fields(found: Sequence[Mapping[str, Any]]) -> Problem:
    """Return the problem for pydantic's errors, without the values that were sent."""
    errors = [FieldError(_field(each["loc"]), _say(each)) for each in found[:MOST_ERRORS]]
    names = ", ".join(dict.fromkeys(error.field for error in errors if error.field))
    return Problem(422, f"Not accepted: {names or 'the body'}.", errors)


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of a call's error responses."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {
        status: {
            "description": phrase(status),
            "content": {MEDIA_TYPE: {"schema": schema, "example": _document(_EXAMPLES[status])}},
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
        }
        for status in statuses
    }


def handlers() -> dict[int | type[Exception], Handler]:
    """Return the handlers that turn exceptions into responses."""
    return {
        Problem: _problem,
        PortalUserRefused: _portal_user,
        OAuthError: _refused,
        NotFoundError: _not_found,
        DatabaseAwayError: _away,
        RequestValidationError: _invalid,
        HTTPException: _http,
        Exception: _bug,
    }


async def _problem(_request: Request, error: Problem) -> Response:
    return answer(error)


async def _refused(_request: Request, error: OAuthError) -> Response:
    field = error.field if isinstance(error, InvalidField) else ""
    status = 422 if field and error.status == HTTPStatus.BAD_REQUEST else error.status
    errors = [FieldError(field, error.description)] if field else []
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return answer(Problem(status, error.description, errors, headers))


async def _portal_user(request: Request, error: PortalUserRefused) -> Response:
    resource = request.scope["gatepass.environment"].partner_api
    challenge = bearer.challenge(
        error,
        scope=Scope(("write", PORTAL_USERS)),
        resource_metadata=metadata.protected_resource_url(resource),
    )
    errors = [FieldError(field, error.description) for field in error.fields]
    await run_in_threadpool(
        note_denial, request, error.status, error.log_detail or error.description
    )
    return answer(Problem(error.status, error.description, errors, {"WWW-Authenticate": challenge}))


async def _not_found(request: Request, _error: Exception) -> Response:
    reason = "not found in the organization"
    await run_in_threadpool(note_denial, request, HTTPStatus.NOT_FOUND, reason)
    return answer(Problem(404, _NOTHING))


async def _away(_request: Request, _error: Exception) -> Response:
    return answer(Problem(503, _AWAY, headers={"Retry-After": str(RETRY_AFTER)}))


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    return answer(of_fields(error.errors()))


async def _http(request: Request, error: HTTPException) -> Response:
    """Return the response to an exception of the framework or the guard."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return await _not_found(request, error)
    if error.status_code == HTTPStatus.FORBIDDEN:
        await run_in_threadpool(note_denial, request, error.status_code, error.detail)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_allowed(request, request.app.routes))}
    return answer(Problem(error.status_code, error.detail, headers=headers))


async def _bug(_request: Request, _error: Exception) -> Response:
    return answer(Problem(500, "Something went wrong on our side. It has been logged."))


def answer(problem: Problem) -> Response:
    """Return the response that is a problem document."""
    headers = {**problem.headers, "Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}
    return Response(json.dumps(_document(problem)), problem.status, headers)


def _document(problem: Problem) -> dict[str, object]:
    return members(problem.status, problem.detail, problem.errors)


def _allowed(request: Request, routes: Sequence[BaseRoute]) -> list[str]:
    """Return the methods of all routes at this path; the framework returns one route's only."""
    methods: set[str] = set()
    for route in routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods)


def _field(loc: Sequence[object]) -> str:
    """Return the name of the field of pydantic's error, made printable."""
    parts = loc[1:] if loc[:1] in {("query",), ("path",)} else loc
    name = ".".join(str(part) for part in parts)[:_LONGEST_FIELD]
    return "".join(char if char.isprintable() else "?" for char in name)


def _say(found: Mapping[str, Any]) -> str:
    return _SAY.get(found["type"]) or str(found["msg"])


_EXAMPLES = {
    problem.status: problem
    for problem in (
        Problem(400, "The body is not valid JSON with each name once."),
        Problem(401, "The access token is expired, revoked, or not valid here."),
        Problem(403, "This needs the scope write; the access token lacks write."),
        Problem(404, _NOTHING),
        Problem(409, _TAKEN, [FieldError("email", _TAKEN)]),
        Problem(412, "Somebody has changed it since you read it. Read it again."),
        Problem(413, "The body is over 64 KiB."),
        Problem(415, "Send application/json, uncompressed."),
        Problem(422, "Not accepted: role.", [FieldError("role", _SAY["missing"])]),
        Problem(503, _AWAY),
    )
}
_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "RFC 6750 §3"}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}},
}
