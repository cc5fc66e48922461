"""One small API behind the guard of each framework: `/meters` needs read, `/admin` admin as well.

`/org/ORG_ID` is of that organization alone, `/echo` gives a form back, `/health` needs no token.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import flask
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gatepass.guard import core
from gatepass.guard.asgi import Protected as AsgiProtected
from gatepass.guard.flask import Guard as FlaskGuard
from gatepass.guard.flask import principal
from gatepass.guard.needs import Needs
from gatepass.guard.starlette import Guard as StarletteGuard
from gatepass.guard.wsgi import Protected as WsgiProtected
from guard.serving import serving

Options = dict[str, Any]
Face = Callable[[Options], AbstractContextManager[str]]


async def _echo(request: Request) -> Response:
    return PlainTextResponse(await request.body())


def _health(_request: Request) -> Response:
    return PlainTextResponse("well")


def by_starlette(options: Options) -> AbstractContextManager[str]:
    guard = StarletteGuard(**options)

    @guard.requires("read")
    def meters(request: Request) -> Response:
        return JSONResponse({"client_id": request.state.principal.client_id})

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
        return JSONResponse({"client_id": request.state.principal.client_id})

    routes = [
        Route("/meters", meters),
        Route("/echo", _echo, methods=["POST"]),
        Route("/health", _health),
    ]
    middleware = [guard.middleware("read", exempt=["/health"])]
    return _closing(guard, serving(Starlette(routes=routes, middleware=middleware)))


def by_asgi(options: Options) -> AbstractContextManager[str]:
    def meters(request: Request) -> Response:
        return JSONResponse({"client_id": request.scope["gatepass.principal"].client_id})

    routes = [
        Route("/meters", meters),
        Route("/echo", _echo, methods=["POST"]),
        Route("/health", _health),
    ]
    guard = core.Guard(**options)
    app = AsgiProtected(Starlette(routes=routes), guard, Needs.of("read"), exempt=["/health"])
    return _closing(guard, serving(app))


def _echo_back() -> bytes:
    return flask.request.get_data()


def by_flask(options: Options) -> AbstractContextManager[str]:
    guard = FlaskGuard(**options)
    app = flask.Flask("meters")

    @app.get("/meters")
    @guard.requires("read")
    def meters() -> dict[str, object]:
        return {"client_id": principal.client_id}

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

    return _closing(guard, _WsgiServing(app))


def by_flask_as_a_whole(options: Options) -> AbstractContextManager[str]:
    guard = FlaskGuard(**options)
    app = flask.Flask("meters")
    guard.protect(app, "read", exempt=["/health"])
    app.add_url_rule("/meters", view_func=lambda: {"client_id": principal.client_id}, endpoint="m")
    app.add_url_rule("/echo", view_func=_echo_back, methods=["POST"], endpoint="e")
    app.add_url_rule("/health", view_func=lambda: "well", endpoint="h")
    return _closing(guard, _WsgiServing(app))


def by_wsgi(options: Options) -> AbstractContextManager[str]:
    app = flask.Flask("meters")
    app.add_url_rule(
        "/meters",
        view_func=lambda: {"client_id": flask.request.environ["gatepass.principal"].client_id},
        endpoint="m",
    )
    app.add_url_rule("/echo", view_func=_echo_back, methods=["POST"], endpoint="e")
    app.add_url_rule("/health", view_func=lambda: "well", endpoint="h")
    guard = core.Guard(**options)
    protected = WsgiProtected(app, guard, Needs.of("read"), exempt=["/health"])
    return _closing(guard, _WsgiServing(protected))


@contextmanager
def _closing(
    guard: AbstractContextManager[object], served: AbstractContextManager[str]
) -> Iterator[str]:
    with guard, served as address:
        yield address


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        pass


class _WsgiServing(AbstractContextManager[str]):
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


WHOLE: dict[str, Face] = {"starlette": by_starlette, "flask": by_flask}
FACES: dict[str, Face] = WHOLE | {
    "starlette-middleware": by_starlette_middleware,
    "asgi": by_asgi,
    "flask-as-a-whole": by_flask_as_a_whole,
    "wsgi": by_wsgi,
}
