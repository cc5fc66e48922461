"""The portal as one route: reads a request, runs its page in threads, adds the security headers."""

import asyncio
import contextvars
from typing import NoReturn

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import Receive, Scope, Send

from gatepass.server.domain.users.links.model import has_link, masked
from gatepass.server.environment.openid_provider.work import ProviderWork
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal import access, dispatch, error_pages, static_files
from gatepass.server.portal.dispatch import Outcome, PendingHash, Step
from gatepass.server.serving import error_format
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.wire.errors import OAuthError

_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
_FORM_ACTION = "form-action 'self'"
_ACCOUNTS = "/accounts/"
_REFERRER = "referrer-policy"
# same-origin rather than no-referrer: under the latter browsers send "Origin: null" with forms.
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _CSP,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    _REFERRER: "same-origin",
    "x-content-type-options": "nosniff",
}

_DETAILS = {
    404: "There is nothing at this path. Check the address.",
    405: "This path does not accept this method. See the Allow header.",
}

log = structlog.get_logger("gatepass.server")


class Portal(BaseRoute):
    """Every path that no route before it has matched."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every HTTP request."""
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> NoReturn:
        """Raise NoMatchFound: the portal's paths have no names."""
        raise NoMatchFound(name, dict(path_params))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the whole request, then answer it in the thread pool."""
        http_request = Request(scope, receive)
        environment: ServedEnvironment = scope["gatepass.environment"]
        try:
            body = await access.read(http_request)
        except ClientDisconnect:
            return
        except OAuthError as error:
            response: Response = error_pages.anonymous(
                environment, access.language_of(environment, http_request), error.status
            )
        else:
            response = await _respond(environment, http_request, body)
        response = _for_programs(scope, response)
        for name, value in HEADERS.items():
            response.headers[name] = value
        if environment.trusted_by and scope["path"].startswith(_ACCOUNTS):
            # After a login that began in the sandbox its form is redirected there.
            policy = _CSP.replace(_FORM_ACTION, f"{_FORM_ACTION} {environment.trusted_by}")
            response.headers["content-security-policy"] = policy
        if has_link(scope["path"]) or has_link(scope["query_string"].decode("latin-1")):
            # Of a link, not even this host gets more as the Referer than the origin: its path is a
            # secret that a proxy would log. Under no-referrer the form's Origin would be null.
            response.headers[_REFERRER] = "strict-origin"
        await response(scope, receive, send)


def _for_programs(scope: Scope, response: Response) -> Response:
    """Return JSON in place of the page of a 404 or 405, for a client that accepts JSON."""
    accepted: error_format.ErrorFormat = scope[error_format.KEY]
    status = response.status_code
    if accepted == "text" or status not in _DETAILS:
        return response
    allow = response.headers.get("allow")
    more = ((b"allow", allow.encode()),) if allow else ()
    docs_url = scope["gatepass.environment"].docs_url
    error = error_format.error(accepted, status, _DETAILS[status], more, docs_url)
    headers = {name.decode(): value.decode() for name, value in error.headers}
    return Response(error.body, status, headers)


def _error_page(environment: ServedEnvironment, http_request: Request, status: int) -> HTMLResponse:
    reads = access.language_of(environment, http_request)
    return error_pages.anonymous(environment, reads, status)


async def _respond(environment: ServedEnvironment, http_request: Request, body: bytes) -> Response:
    """Return the response, computed in the pool for pages; no thread waits for a password hash.

    The step after a hash has waited in a queue already, so the pool for pages cannot refuse it.
    """

    def begin() -> Outcome:
        return dispatch.dispatch(access.authenticate(environment, http_request), http_request, body)

    run = contextvars.copy_context().run  # the thread has this request's deadline
    loop = asyncio.get_running_loop()
    try:
        outcome = await loop.run_in_executor(
            environment.pools.pages, run, _run, environment, http_request, begin
        )
    except OAuthError as error:
        response = error_pages.anonymous(
            environment, access.language_of(environment, http_request), error.status
        )
        response.headers["retry-after"] = str(error.retry_after)
        return response
    while isinstance(outcome, PendingHash):
        step = await _compute_hash(environment, outcome)
        outcome = await run_in_threadpool(_run, environment, http_request, step)
    return outcome


async def _compute_hash(environment: ServedEnvironment, pending: PendingHash) -> Step:
    """Run the work that a page waits for; return the step that continues the page."""
    loop = asyncio.get_running_loop()
    waits_for_provider = isinstance(pending.work, ProviderWork)
    pool = environment.pools.providers if waits_for_provider else environment.hasher.pool
    try:
        result = await loop.run_in_executor(pool, pending.work)
    except Exception as error:  # noqa: BLE001 - the page handles it
        return pending.step(error=error)
    return pending.step(result)


def _run(environment: ServedEnvironment, http_request: Request, step: Step) -> Outcome:
    """Run a step; an unexpected error becomes a page (ASVS 16.5.4)."""
    path = masked(http_request.scope["path"])
    try:
        return step()
    except DatabaseAwayError:
        log.error("request.unavailable", path=path, environment=environment.name)  # noqa: TRY400
        response = error_pages.anonymous(
            environment, access.language_of(environment, http_request), 503
        )
        response.headers["retry-after"] = "5"
        return response
    except Exception:
        log.exception("request.failed", path=path, environment=environment.name)
        return error_pages.anonymous(
            environment, access.language_of(environment, http_request), 500
        )


routes: list[BaseRoute] = [
    Route("/static/{digest}/{name}", static_files.serve, methods=["GET"]),
    Portal(),
]


def create() -> Starlette:
    """Return the portal as an application."""
    return Starlette(routes=routes)
