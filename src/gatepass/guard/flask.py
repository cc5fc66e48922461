"""The guard in Flask: a decorator for views, and for whole applications; an adapter of `core`.

guard = Guard(issuer="https://login.example.com", resource="https://api.example.com")

@app.get("/meters")
@guard.requires("read")
def meters():
    return {"client_id": principal.client_id}

guard.protect(app, exempt=["/health"])  # or for every path of an application or blueprint
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy

from gatepass.guard import wsgi
from gatepass.guard.core import request_state
from gatepass.guard.core.adapter import Adapter
from gatepass.guard.core.exempt_paths import ExemptPaths
from gatepass.guard.model.error_response import Denied as CoreDenied
from gatepass.guard.model.error_response import ErrorResponse
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import Requirements, ScopeRequirement, any_of

__all__ = ["Denied", "Guard", "Principal", "any_of", "principal"]

View = TypeVar("View", bound=Callable[..., Any])


class Denied(HTTPException):
    """Raised by the guard; an `errorhandler(Denied)` may render it in another way.

    Flask finds an `errorhandler(401)` by the class of an exception, so not for this one.
    """

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__(response.detail)
        self.error_response = response
        self.code = response.status

    def get_response(self, *_environ: Any, **_scope: Any) -> Any:  # noqa: ANN401 - werkzeug's own
        """Return the response, with its problem document (RFC 9457)."""
        sent = self.error_response
        return Response(sent.body(), sent.status, dict(sent.headers))


class Guard(Adapter):
    """Lets requests with a good access token through, and no other.

    Its options are those of `gatepass.guard.Guard`. The context of `inspect` and `expect` is the
    request's environ.
    """

    def requires(self, *scopes: ScopeRequirement, organization: str = "") -> Callable[[View], View]:
        """Return a decorator for views, plain or `async`, which sets `principal`.

        The caller must have all of `scopes`: each is a scope, `any_of(...)`, or a mapping of
        methods to either (see `Requirements.of`); without any, every good token passes.
        `organization` names the part of the path that must be the caller's `org_id`: 404 for any
        other. Does NOT check otherwise that the requested data belongs to the caller. Put it below
        the route; a class-based view has it in `decorators`. Raises ValueError for a scope that
        can never be granted.
        """
        requirements = Requirements.of(*scopes, organization=organization)

        def decorate(view: View) -> View:
            @wraps(view)
            def guarded(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as they came
                self._identify(requirements)
                return current_app.ensure_sync(view)(*arguments, **named)

            return cast("View", guarded)

        return decorate

    def protect(
        self, app: Flask | Blueprint, *scopes: ScopeRequirement, exempt: Iterable[str] = ()
    ) -> None:
        """Make every path of `app` that is not `exempt` need a token and `scopes`, 404s included.

        The whole path is compared, also for a blueprint, but without the prefix that `app` is
        mounted at. No method is exempt. A CORS preflight has no token: Flask's own response to it,
        to which Flask-CORS adds its headers, is sent; a view of the application for OPTIONS is not
        reached.
        """
        requirements, exempted = Requirements.of(*scopes), ExemptPaths(exempt)

        def before() -> None:
            if request.path not in exempted and not _is_preflight():
                self._identify(requirements)

        app.before_request(before)

    def _identify(self, requirements: Requirements) -> None:
        environ = request.environ  # and not `g`, which can outlive a request
        try:
            environ[wsgi.PRINCIPAL] = request_state.identify(
                environ, self.core, request_of(), requirements
            )
        except CoreDenied as denied:
            raise Denied(denied.error_response) from None


def _is_preflight() -> bool:
    """Return whether this is a CORS preflight to which Flask itself responds, without any view."""
    if request.method != "OPTIONS" or request.url_rule is None:
        return False
    headers = request.headers
    asks = "Origin" in headers and "Access-Control-Request-Method" in headers
    return asks and bool(getattr(request.url_rule, "provide_automatic_options", False))


def request_of() -> Request:
    """Return what a guard reads of the current request."""
    has_begun = "stream" in vars(request._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - the only way to ask the proxy
    found = wsgi.request_of(request.environ, _form_as_read() if has_begun else None)
    return found._replace(path=request.view_args or {})


def _form_as_read() -> str:
    """Return the names in a short form that was read before, at least in part."""
    if not wsgi.has_short_form(request.environ):
        return ""
    request.get_data()  # kept, so that the view can read it as well
    return urlencode([(name, "") for name in request.form])


def _current() -> Principal:
    found: Principal | None = request.environ.get(wsgi.PRINCIPAL)
    if found is None:
        raise RuntimeError("no guard has checked this request: put guard.requires() on the view")
    return found


principal: Principal = cast("Principal", LocalProxy(_current))
"""The application that sent the request that is being served; RuntimeError without a guard."""
