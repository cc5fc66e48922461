"""The guard of Django views: a decorator, and the checks of the middleware."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from gatepass.guard.core import request_state
from gatepass.guard.core.adapter import Adapter
from gatepass.guard.django.request import request_of, response_of
from gatepass.guard.model.error_response import Denied, ErrorResponse
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.requirements import Requirements, ScopeRequirement

View = TypeVar("View", bound=Callable[..., Any])


class Guard(Adapter):
    """Lets requests with a good access token through, and no other.

    Its options are those of `gatepass.guard.Guard`. The context of `inspect` and `expect` is the
    request; for asynchronous views `inspect` may be a coroutine function.
    """

    def requires(self, *scopes: ScopeRequirement, organization: str = "") -> Callable[[View], View]:
        """Return a decorator for views, plain or `async`, which sets request.principal.

        The caller must have all of `scopes`: each is a scope, `any_of(...)`, or a mapping of
        methods to either (see `Requirements.of`); without any, every good token passes.
        `organization` names the part of the path that must be the caller's `org_id`: 404 for any
        other. Does NOT check otherwise that the requested data belongs to the caller. Raises
        ValueError for a scope that can never be granted.

        A class-based view takes it on its `dispatch`, by Django's `method_decorator`. It must be
        the outermost: a decorator above it, such as `cache_page`, responds without it. Views are
        exempt from CSRF protection, as a browser never adds such a token to a request.
        """
        return decorator(lambda: self, Requirements.of(*scopes, organization=organization))

    def authorize(
        self, request: HttpRequest, requirements: Requirements, path: Mapping[str, object]
    ) -> ErrorResponse | None:
        """Set request.principal, or return the error response; may block.

        For a request whose caller this guard has identified before, checks `requirements` alone.
        """
        try:
            self.identify(request, requirements, path)
        except Denied as denied:
            return denied.error_response
        return None

    async def aauthorize(
        self, request: HttpRequest, requirements: Requirements, path: Mapping[str, object]
    ) -> ErrorResponse | None:
        """Do as `authorize`, in an event loop."""
        sent = request_of(request, path)
        try:
            request.principal = await request_state.aidentify(
                vars(request), self.core, sent, requirements
            )
        except Denied as denied:
            return denied.error_response
        return None

    def identify(
        self, request: HttpRequest, requirements: Requirements, path: Mapping[str, object]
    ) -> Principal:
        """Set request.principal and return it, or raise Denied; see `core.Guard.identify`."""
        sent = request_of(request, path)
        caller = request_state.identify(vars(request), self.core, sent, requirements)
        request.principal = caller
        return caller


def decorator(guard: Callable[[], Guard], requirements: Requirements) -> Callable[[View], View]:
    """Return the decorator of views that `guard`, asked for at each request, lets through."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **path: object) -> object:
            response = guard().authorize(request, requirements, path)
            return (
                _varied(view(request, *args, **path)) if response is None else response_of(response)
            )

        @wraps(view)
        async def guarded_async(request: HttpRequest, *args: object, **path: object) -> object:
            response = await guard().aauthorize(request, requirements, path)
            return (
                _varied(await view(request, *args, **path))
                if response is None
                else response_of(response)
            )

        chosen: Any = guarded_async if _is_async(view) else guarded
        chosen.csrf_exempt = True
        decorated: View = chosen
        return decorated

    return decorate


def _is_async(view: Callable[..., Any]) -> bool:
    """Return whether a view is to be awaited; `dispatch` is if the methods of its class are."""
    if iscoroutinefunction(view):
        return True
    owner = getattr(getattr(view, "func", None), "__self__", None)  # as method_decorator binds it
    return getattr(view, "__name__", "") == "dispatch" and getattr(owner, "view_is_async", False)


def _varied(response: object) -> object:
    """Add `Vary`, so that caches, Django's own too, separate responses to different callers."""
    if isinstance(response, HttpResponseBase):
        patch_vary_headers(response, ["Authorization"])
    return response
