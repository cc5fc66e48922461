"""One small API behind the guard of each framework: `/meters` needs read, `/admin` admin as well.

`/org/ORG_ID` is of that organization alone, `/echo` gives a body back, `/health` needs no token.
An adapter that is added to ADAPTERS has to keep the contract in test_contract.py; those of
Django are in django_site.py.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from typing import Annotated, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
import flask
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gatepass.guard.asgi import Protected as AsgiProtected
from gatepass.guard.core import guard as core
from gatepass.guard.fastapi import Guard as FastApiGuard
from gatepass.guard.flask import Guard as FlaskGuard
from gatepass.guard.flask import principal
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.requirements import Requirements
from gatepass.guard.starlette import Guard as StarletteGuard
from gatepass.guard.wsgi import Protected as WsgiProtected
from guard.adapters.described import described
from guard.http_server import serving

django.setup()

Options = dict[str, Any]
Adapter = Callable[[Options], AbstractContextManager[str]]


async def _echo(request: Request) -> Response:
    return PlainTextResponse(await request.body())


def _health(_request: Request) -> Response:
    return PlainTextResponse("well")


def by_starlette(options: Options) -> AbstractContextManager[str]:
    guard = StarletteGuard(**options)

    @guard.requires("read")
    def meters(request: Request) -> Response:
        return JSONResponse(described(request.state.principal))

    class Admin(HTTPEndpoint):
        @guard.requires("read", "admin")
        async def get(self, _request: Request) -> Response:
            return PlainTextResponse("secrets")

    @guard.requires(organization="org_id")
    async def organization(request: Request) -> Response:
        return PlainTextResponse(request.path_params["org_id"])

    routes = [
        Route("/meters", meters),
        Route("/admin", Admin),
        Route("/org/{org_id}", organization),
        Route("/echo", guard.requires()(_echo), methods=["POST"]),
        Route("/health", _health),
    ]
    return _closing(guard, serving(Starlette(routes=routes)))


def by_starlette_middleware(options: Options) -> AbstractContextManager[str]:
    guard = StarletteGuard(**options)

    def meters(request: Request) -> Response:
        return JSONResponse(described(request.state.principal))

    routes = [
        Route("/meters", meters),
        Route("/echo", _echo, methods=["POST"]),
        Route("/health", _health),
    ]
    middleware = [guard.middleware("read", exempt=["/health"])]
    return _closing(guard, serving(Starlette(routes=routes, middleware=middleware)))


def by_asgi(options: Options) -> AbstractContextManager[str]:
    def meters(request: Request) -> Response:
        return JSONResponse(described(request.scope["gatepass.principal"]))

    routes = [
        Route("/meters", meters),
        Route("/echo", _echo, methods=["POST"]),
        Route("/health", _health),
    ]
    guard = core.Guard(**options)
    app = AsgiProtected(
        Starlette(routes=routes), guard, Requirements.of("read"), exempt=["/health"]
    )
    return _closing(guard, serving(app))


def by_fastapi(options: Options) -> AbstractContextManager[str]:
    guard = FastApiGuard(**options)
    app = FastAPI()
    guard.problems(app)

    @app.get("/meters")
    def meters(caller: Annotated[Principal, guard.requires("read")]) -> dict[str, object]:
        return described(caller)

    @app.get("/admin", dependencies=[guard.requires("read", "admin")])
    def admin() -> Response:
        return PlainTextResponse("secrets")

    @app.get("/org/{org_id}", dependencies=[guard.requires(organization="org_id")])
    def organization(org_id: str) -> Response:
        return PlainTextResponse(org_id)

    app.post("/echo", dependencies=[guard.requires()])(_echo)
    app.get("/health")(_well)
    return _closing(guard, serving(app))


def _well() -> Response:
    return PlainTextResponse("well")


def _echo_back() -> bytes:
    return flask.request.get_data()


def by_flask(options: Options) -> AbstractContextManager[str]:
    guard = FlaskGuard(**options)
    app = flask.Flask("meters")

    @app.get("/meters")
    @guard.requires("read")
    def meters() -> dict[str, object]:
        return described(principal)

    @app.get("/admin")
    @guard.requires("read", "admin")
    def admin() -> str:
        return "secrets"

    @app.get("/org/<org_id>")
    @guard.requires(organization="org_id")
    def organization(org_id: str) -> str:
        return org_id

    @app.post("/echo")
    @guard.requires()
    def echo() -> bytes:
        return flask.request.get_data()

    @app.get("/health")
    def health() -> str:
        return "well"

    return _closing(guard, WsgiServing(app))


def by_flask_as_a_whole(options: Options) -> AbstractContextManager[str]:
    guard = FlaskGuard(**options)
    app = flask.Flask("meters")
    guard.protect(app, "read", exempt=["/health"])
    app.add_url_rule("/meters", view_func=lambda: described(principal), endpoint="m")
    app.add_url_rule("/echo", view_func=_echo_back, methods=["POST"], endpoint="e")
    app.add_url_rule("/health", view_func=lambda: "well", endpoint="h")
    return _closing(guard, WsgiServing(app))


def by_wsgi(options: Options) -> AbstractContextManager[str]:
    app = flask.Flask("meters")
    app.add_url_rule(
        "/meters",
        view_func=lambda: described(flask.request.environ["gatepass.principal"]),
        endpoint="m",
    )
    app.add_url_rule("/echo", view_func=_echo_back, methods=["POST"], endpoint="e")
    app.add_url_rule("/health", view_func=lambda: "well", endpoint="h")
    guard = core.Guard(**options)
    protected = WsgiProtected(app, guard, Requirements.of("read"), exempt=["/health"])
    return _closing(guard, WsgiServing(protected))


@contextmanager
def _by_django(options: Options, prefix: str, **settings: Any) -> Iterator[str]:  # noqa: ANN401
    overrides = {"ROOT_URLCONF": "guard.adapters.django_site", "GATEPASS_GUARD": options} | settings
    with override_settings(**overrides), WsgiServing(WSGIHandler()) as address:
        yield address + prefix


def by_django(options: Options) -> AbstractContextManager[str]:
    return _by_django(options, "/views")


def by_django_middleware(options: Options) -> AbstractContextManager[str]:
    middleware = ["gatepass.guard.django.GuardMiddleware"]
    return _by_django(options | {"exempt": ["/views/health"]}, "/views", MIDDLEWARE=middleware)


def by_rest_framework(options: Options) -> AbstractContextManager[str]:
    handler = "gatepass.guard.rest_framework.exception_handler"
    return _by_django(options, "/rest", REST_FRAMEWORK={"EXCEPTION_HANDLER": handler})


@contextmanager
def _closing(
    guard: AbstractContextManager[object], served: AbstractContextManager[str]
) -> Iterator[str]:
    with guard, served as address:
        yield address


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        pass


class WsgiServing(AbstractContextManager[str]):
    """Serves a WSGI application over HTTP on loopback."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - any WSGI application
        self._server: WSGIServer = make_server("127.0.0.1", 0, app, handler_class=_Silent)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


# These guard endpoint by endpoint, each with its own needs ...
BY_ENDPOINT: dict[str, Adapter] = {
    "fastapi": by_fastapi,
    "starlette": by_starlette,
    "flask": by_flask,
    "django": by_django,
    "django-middleware": by_django_middleware,
    "rest-framework": by_rest_framework,
}
# ... and these protect all of an application.
IN_FRONT: dict[str, Adapter] = {
    "starlette-middleware": by_starlette_middleware,
    "asgi": by_asgi,
    "flask-as-a-whole": by_flask_as_a_whole,
    "wsgi": by_wsgi,
}
ADAPTERS = BY_ENDPOINT | IN_FRONT
