"""An application that is mounted at a prefix: exempt paths and organizations are as without it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import flask
import httpx2
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from gatepass.guard.asgi import Protected as AsgiProtected
from gatepass.guard.core.guard import Guard as CoreGuard
from gatepass.guard.fastapi import Guard as FastApiGuard
from gatepass.guard.flask import Guard as FlaskGuard
from gatepass.guard.starlette import Guard as StarletteGuard
from gatepass.guard.testing import FakeIssuer
from gatepass.guard.wsgi import Protected as WsgiProtected
from guard.adapters.apis import Options, WsgiServing
from guard.http_server import serving

EXEMPT = ["/health", "/docs/*"]


def _well(_request: Request) -> Response:
    return PlainTextResponse("well")


def _starlette(options: Options) -> Starlette:
    guard = StarletteGuard(**options)

    @guard.requires(organization="org_id")
    def organization(request: Request) -> Response:
        return PlainTextResponse(request.path_params["org_id"])

    return Starlette(
        routes=[
            Route("/health", _well),
            Route("/docs/first", _well),
            Route("/org/{org_id}", organization),
        ],
        middleware=[guard.middleware(exempt=EXEMPT)],
    )


def mounted_starlette(options: Options) -> AbstractContextManager[str]:
    return serving(Starlette(routes=[Mount("/api", _starlette(options))]))


def starlette_with_a_root_path(options: Options) -> AbstractContextManager[str]:
    return serving(_starlette(options), root_path="/api")


def fastapi_with_a_root_path(options: Options) -> AbstractContextManager[str]:
    guard = FastApiGuard(**options)
    app = FastAPI()
    app.add_route("/health", _well)
    app.add_route("/docs/first", _well)

    @app.get("/org/{org_id}", dependencies=[guard.requires(organization="org_id")])
    def organization(org_id: str) -> str:
        return org_id

    return serving(AsgiProtected(app, guard.core, exempt=EXEMPT), root_path="/api")


def _flask() -> flask.Flask:
    app = flask.Flask("mounted")
    app.add_url_rule("/health", view_func=lambda: "well", endpoint="health")
    app.add_url_rule("/docs/first", view_func=lambda: "well", endpoint="docs")
    return app


def _at_api(app: object) -> AbstractContextManager[str]:
    return WsgiServing(DispatcherMiddleware(flask.Flask("outer"), {"/api": app}))  # type: ignore[dict-item]  # any WSGI application


def mounted_flask(options: Options) -> AbstractContextManager[str]:
    guard, app = FlaskGuard(**options), _flask()
    guard.protect(app, exempt=EXEMPT)

    @app.get("/org/<org_id>")
    @guard.requires(organization="org_id")
    def organization(org_id: str) -> str:
        return org_id

    return _at_api(app)


def mounted_wsgi(options: Options) -> AbstractContextManager[str]:
    app = _flask()
    app.add_url_rule("/org/<org_id>", view_func=lambda org_id: org_id, endpoint="org")
    return _at_api(WsgiProtected(app, CoreGuard(**options), exempt=EXEMPT))


@contextmanager
def mounted_django(options: Options) -> Iterator[str]:
    configuration = options | {"exempt": ["/views/health", "/views/docs/*"]}
    with (
        override_settings(
            ROOT_URLCONF="guard.adapters.django_site",
            MIDDLEWARE=["gatepass.guard.django.GuardMiddleware"],
            GATEPASS_GUARD=configuration,
        ),
        WsgiServing(DispatcherMiddleware(flask.Flask("outer"), {"/api": WSGIHandler()})) as address,
    ):
        yield address


MOUNTED: dict[str, Callable[[Options], AbstractContextManager[str]]] = {
    "starlette mounted": mounted_starlette,
    "starlette with a root path": starlette_with_a_root_path,
    "fastapi with a root path": fastapi_with_a_root_path,
    "flask mounted": mounted_flask,
    "wsgi mounted": mounted_wsgi,
    "django mounted": mounted_django,
}


@pytest.mark.parametrize("how", MOUNTED)
def test_beneath_a_prefix_paths_are_exempt_and_organizations_compared_as_without_it(
    how: str,
) -> None:
    with FakeIssuer() as issuer, MOUNTED[how](issuer.options()) as address:
        # A server adds the prefix of --root-path to what a proxy in front has cut off.
        views = "/views" if "django" in how else ""
        api = address + ("" if "root path" in how else "/api") + views
        headers = {"Authorization": f"Bearer {issuer.mint(org_id='acme')}"}

        def status(path: str, headers: dict[str, str] | None = None) -> int:
            return httpx2.get(api + path, headers=headers).status_code

        assert status("/health") == 200
        assert status("/healthy") in {401, 404 if "django" in how else 401}
        assert status("/docs/../org/acme") == 401
        assert status("/org/acme") == 401
        assert status("/org/acme", headers) == 200
        if how != "wsgi mounted":  # which knows no parameters of a path
            assert status("/org/another", headers) == 404
