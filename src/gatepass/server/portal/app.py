"""The portal as one route: finds the page, passes the gate, answers whatever happens."""

from dataclasses import replace
from typing import NoReturn

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import ExceptionHandler, Receive, Scope, Send

from gatepass.server.database import DatabaseAwayError, NotFoundError
from gatepass.server.environment import Environment
from gatepass.server.portal import gate, refusals, static_files, table
from gatepass.server.portal.visit import Visit
from gatepass.wire.problem import Refused

_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
# same-origin rather than no-referrer: under the latter browsers send "Origin: null" with forms.
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _CSP,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}

log = structlog.get_logger("gatepass.server")


class Portal(BaseRoute):
    """Every path that no route before it has taken."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take whatever comes over HTTP."""
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> NoReturn:
        """Know no names: paths are written where they are used."""
        raise NoMatchFound(name, dict(path_params))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request whole, then answer it in the thread pool."""
        request = Request(scope, receive)
        environment: Environment = scope["gatepass.environment"]
        try:
            body = await gate.read(request)
        except ClientDisconnect:
            return
        except Refused as refused:
            response: Response = refusals.anonymous(environment, refused.status)
        else:
            response = await run_in_threadpool(_answer, environment, request, body)
        for name, value in HEADERS.items():
            response.headers[name] = value
        await response(scope, receive, send)


def _answer(environment: Environment, request: Request, body: bytes) -> Response:
    """Answer; the last resort for what nobody foresaw (ASVS 16.5.4)."""
    try:
        return _turn(environment, gate.meet(environment, request), request, body)
    except DatabaseAwayError:
        log.error("request.unavailable", path=request.scope["path"], environment=environment.name)  # noqa: TRY400
        response = refusals.anonymous(environment, 503)
        response.headers["retry-after"] = "5"
        return response
    except Exception:
        log.exception("request.failed", path=request.scope["path"], environment=environment.name)
        return refusals.anonymous(environment, 500)


def _turn(environment: Environment, visit: Visit, request: Request, body: bytes) -> Response:
    found = table.find(visit.method, visit.path)
    if found is None:
        return _astray(visit)
    away = gate.turn_away(visit, found.rule.who)
    if away:
        return away
    try:
        if visit.method not in gate.SAFE:
            visit = gate.with_form(visit, request, body)
        return found.rule.page(replace(visit, ids=found.ids))
    except Refused as refused:
        log.warning(
            "page.refused",
            environment=environment.name,
            path=visit.path,
            source=visit.visitor.source,
            status=refused.status,
            reason=refused.note or refused.say,
        )
        return refusals.page(visit, refused.status, refused.say)
    except NotFoundError:
        return refusals.page(visit, 404)


def _astray(visit: Visit) -> Response:
    """Answer where there is no page: 405 for another method, the slash that is missing, or 404."""
    known = table.methods(visit.path)
    if known:
        response = refusals.page(visit, 405)
        response.headers["allow"] = ", ".join(known)
        return response
    with_slash = visit.path + "/"
    if visit.method in gate.SAFE and table.find("GET", with_slash):
        return RedirectResponse(with_slash, status_code=307)
    return refusals.page(visit, 404)


routes: list[BaseRoute] = [
    Route("/static/{digest}/{name}", static_files.serve, methods=["GET"]),
    Portal(),
]
exception_handlers: dict[object, ExceptionHandler] = {}
