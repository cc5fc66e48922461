"""The guard in Flask: a decorator for views, and for whole applications; a face of `core`.

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
from gatepass.guard.core.adapter import Adapter
from gatepass.guard.core.exempt_paths import ExemptPaths
from gatepass.guard.model.denial import Denial
from gatepass.guard.model.denial import Denied as CoreDenied
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import Requirements, ScopeRequirement, any_of

__all__ = ["Denied", "Guard", "Principal", "any_of", "principal"]

View = TypeVar("View", bound=Callable[..., Any])


class Denied(HTTPException):
    """What the guard raises; an `errorhandler(Denied)` may answer it in another way.

    Flask asks an `errorhandler(401)` by the class of an exception, and so not for this one.
    """

    def __init__(self, denial: Denial) -> None:
        super().__init__(denial.detail)
        self.denial = denial
        self.code = denial.status

    def get_response(self, *_environ: Any, **_scope: Any) -> Any:  # noqa: ANN401 - werkzeug's own
        """Give the refusal with its problem document (RFC 9457)."""
        return Response(self.denial.body(), self.denial.status, dict(self.denial.headers))


class Guard(Adapter):
    """Lets requests with a good access token through, and no other.

    Takes the settings of `gatepass.guard.Guard`. `inspect` gets the token and the request's
    environ, as `expect` does.
    """

    def requires(self, *wanted: ScopeRequirement, organization: str = "") -> Callable[[View], View]:
        """Give a decorator for views, plain or `async`, that says who calls in `principal`.

        Refuses a caller who lacks one of `wanted`: a scope, `any_of(...)`, or a mapping of methods
        to either (see `Requirements.of`); without any, every good token passes. `organization`
        names the part of the path that must be the caller's `org_id`: another's answers 404. Does
        NOT check otherwise that what is asked for belongs to the caller. It stands below the route;
        a class-based view has it in `decorators`. Raises ValueError for a scope that can never be
        granted.
        """
        needs = Requirements.of(*wanted, organization=organization)

        def decorate(view: View) -> View:
            @wraps(view)
            def guarded(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as they came
                self._admit(needs)
                return current_app.ensure_sync(view)(*arguments, **named)

            return cast("View", guarded)

        return decorate

    def protect(
        self, app: Flask | Blueprint, *wanted: ScopeRequirement, exempt: Iterable[str] = ()
    ) -> None:
        """Have every path of `app` but the `exempt` need a token and `wanted`, 404s included.

        A path is looked at whole, also that of a blueprint, but without the prefix that `app` is
        mounted at. No method is exempt. A CORS preflight has no token: Flask's own answer to it,
        which Flask-CORS adds its headers to, passes; a view of yours for OPTIONS does not.
        """
        needs, exempted = Requirements.of(*wanted), ExemptPaths(exempt)

        def before() -> None:
            if request.path not in exempted and not _is_preflight():
                self._admit(needs)

        app.before_request(before)

    def _admit(self, needs: Requirements) -> None:
        environ = request.environ  # and not `g`, which can outlive a request
        try:
            environ[wsgi.PRINCIPAL] = wsgi.admit(environ, self.core, arrived(), needs)
        except CoreDenied as denied:
            raise Denied(denied.denial) from None


def _is_preflight() -> bool:
    """Tell whether this is a CORS preflight that Flask answers itself, without any view."""
    if request.method != "OPTIONS" or request.url_rule is None:
        return False
    headers = request.headers
    asks = "Origin" in headers and "Access-Control-Request-Method" in headers
    return asks and bool(getattr(request.url_rule, "provide_automatic_options", False))


def arrived() -> Request:
    """Give what a guard looks at of the request that is served now."""
    has_begun = "stream" in vars(request._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - the proxy's own word for it
    seen = wsgi.arrived(request.environ, _form_as_read() if has_begun else None)
    return seen._replace(path=request.view_args or {})


def _form_as_read() -> str:
    """Give the names in a short form that somebody has begun to read: the socket has it no more."""
    if not wsgi.has_short_form(request.environ):
        return ""
    request.get_data()  # kept, so that the view can read it as well
    return urlencode([(name, "") for name in request.form])


def _current() -> Principal:
    found: Principal | None = request.environ.get(wsgi.PRINCIPAL)
    if found is None:
        raise RuntimeError("nobody was asked who calls: put guard.requires() on the view")
    return found


principal: Principal = cast("Principal", LocalProxy(_current))
"""The application that sent the request that is being served; RuntimeError without a guard."""
