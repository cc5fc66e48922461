"""The Admin API as an ASGI application: one route for each operation and environment."""

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gatepass.server.admin.api import openapi, requests
from gatepass.server.admin.api.access import (
    actor_of,
    check_caller,
    guard,
    note_denial,
    production_of,
)
from gatepass.server.admin.api.idempotency import AnotherRequestError, Once
from gatepass.server.admin.operations.model import Arguments, Effect, Operation
from gatepass.server.admin.operations.perform import (
    ChangedMeanwhileError,
    Conditions,
    perform,
)
from gatepass.server.admin.operations.registry import REMOTE
from gatepass.server.environment.environment import NAMES
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.partner_api import errors
from gatepass.server.partner_api.errors import Problem
from gatepass.wire.errors import OAuthError

_CHANGED = (
    "Somebody has changed it since you read it. Read it again, and send the change with its ETag."
)
_ANOTHER = "This Idempotency-Key was used for another request. Use a new one for each request."
_NO_KEY = "Idempotency-Key is for requests that create or act (POST)."

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def create() -> Starlette:
    """Return the API; the server puts production into the ASGI scope."""
    app = Starlette(
        routes=[*openapi.routes(REMOTE), *_routes()],
        exception_handlers={
            **errors.handlers(),
            ChangedMeanwhileError: _changed,
            AnotherRequestError: _another,
        },
    )
    app.router.redirect_slashes = False
    return app


def _routes() -> list[BaseRoute]:
    return [
        Route(f"/{name}{operation.path}", _endpoint(operation, name), methods=[operation.method])
        for operation in REMOTE
        for name in NAMES.values()
    ]


def _endpoint(operation: Operation[Any, Any], name: str) -> Endpoint:
    @guard.requires(operation.scope(name))
    async def endpoint(request: Request) -> Response:
        environment = _environment(production_of(request), name)
        arguments = await requests.arguments_of(operation, request)
        conditions, key = requests.conditions_of(request), requests.idempotency_key(request)
        if key and operation.method != "POST":
            raise Problem(400, _NO_KEY)
        return await run_in_threadpool(
            _respond, operation, environment, request, arguments, conditions, key
        )

    async def recorded(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except OAuthError as refused:
            if refused.status == HTTPStatus.FORBIDDEN:
                await run_in_threadpool(note_denial, request, 403, refused.description)
            raise
        if response.status_code == HTTPStatus.FORBIDDEN:
            reason = f"the token lacks {operation.scope(name)}"
            await run_in_threadpool(note_denial, request, 403, reason)
        return response

    recorded.__name__ = f"{operation.name}@{name}"
    return recorded


def _environment(production: ServedEnvironment, name: str) -> ServedEnvironment:
    other = production.other
    if name == production.name or other is None:
        return production
    return other


def _respond(
    operation: Operation[Any, Any],
    environment: ServedEnvironment,
    request: Request,
    arguments: Arguments,
    conditions: Conditions,
    key: str,
) -> Response:
    """Perform the operation and return the response; blocks."""
    check_caller(request)
    once = _once(operation, environment, request, arguments, key) if key else None
    done = perform(
        operation,
        environment,
        actor_of(request),
        arguments,
        conditions,
        None if conditions.dry_run else once,
    )
    headers = {"Cache-Control": "no-store"}
    if conditions.dry_run:
        shown = {"dry_run": True, "effect": _effect(done.effect), "result": done.result}
        return _json(200, shown, headers)
    if done.etag:
        headers["ETag"] = done.etag
    if once and once.is_repeated:
        headers["Idempotency-Replayed"] = "true"
    if operation.access == "read" and done.etag in _tags(request):
        return Response(status_code=304, headers=headers)
    if operation.method == "DELETE":
        return Response(status_code=204, headers=headers)
    return _json(operation.status, done.result, headers)


def _once(
    operation: Operation[Any, Any],
    environment: ServedEnvironment,
    request: Request,
    arguments: Arguments,
    key: str,
) -> Once:
    asked = [operation.name, arguments.model_dump(mode="json")]
    return Once(request.state.principal.client_id, key, asked, environment.now())


def _tags(request: Request) -> set[str]:
    given = ",".join(request.headers.getlist("if-none-match"))
    return {each.strip().removeprefix("W/") for each in given.split(",")}


def _effect(effect: Effect | None) -> dict[str, object] | None:
    if effect is None:
        return None
    return {
        "reversible": effect.is_reversible,
        "sentences": [str(each) for each in effect.sentences],
        "counts": dict(effect.counts),
    }


def _json(status: int, content: object, headers: dict[str, str]) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(body, status, headers, media_type="application/json")


async def _changed(_request: Request, _error: Exception) -> Response:
    return errors.answer(Problem(412, _CHANGED))


async def _another(_request: Request, _error: Exception) -> Response:
    return errors.answer(Problem(422, _ANOTHER))
