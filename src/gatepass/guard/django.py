"""The guard in Django: a decorator for views, and middleware for sites; an adapter of `core`.

    # settings.py
    GATEPASS_GUARD = {"issuer": "https://login.example.com", "resource": "https://api.example.com"}
    INSTALLED_APPS = [..., "gatepass.guard.django.GuardConfig"]  # for `manage.py check`

    # views.py
    @requires("read")
    def meters(request):
        return JsonResponse({"client_id": request.principal.client_id})

A project with several guards uses `Guard(...).requires` instead of the setting's.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from threading import Lock
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from gatepass.guard.core import request_state
from gatepass.guard.core.adapter import Adapter
from gatepass.guard.core.exempt_paths import ExemptPaths
from gatepass.guard.model.denial import Denial, Denied
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import NOTHING, Requirements, ScopeRequirement, any_of
from gatepass.guard.wsgi import header_lines
from gatepass.wire.params import LONGEST_BODY

__all__ = [
    "Denied",
    "Expectation",
    "Guard",
    "GuardConfig",
    "GuardMiddleware",
    "Principal",
    "any_of",
    "configured",
    "requires",
]

View = TypeVar("View", bound=Callable[..., Any])

SETTING = "GATEPASS_GUARD"

_FORM = "application/x-www-form-urlencoded"


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
        return _requires(lambda: self, Requirements.of(*scopes, organization=organization))

    def authorize(
        self, request: HttpRequest, requirements: Requirements, path: Mapping[str, object]
    ) -> Denial | None:
        """Set request.principal, or return the denial; may block.

        For a request whose caller this guard has identified before, checks `requirements` alone.
        """
        try:
            self.identify(request, requirements, path)
        except Denied as denied:
            return denied.denial
        return None

    async def aauthorize(
        self, request: HttpRequest, requirements: Requirements, path: Mapping[str, object]
    ) -> Denial | None:
        """Do as `authorize`, in an event loop."""
        sent, state = request_of(request, path), vars(request)
        try:
            caller = request_state.get(state, self.core, sent, requirements)
            if caller is None:
                caller = await self.core.aidentify(sent, requirements)
                request_state.put(state, self.core, sent, caller)
        except Denied as denied:
            return denied.denial
        request.principal = caller
        return None

    def identify(
        self, request: HttpRequest, requirements: Requirements, path: Mapping[str, object]
    ) -> Principal:
        """Set request.principal and return it, or raise Denied; see `core.Guard.identify`."""
        sent, state = request_of(request, path), vars(request)
        caller = request_state.get(state, self.core, sent, requirements)
        if caller is None:
            caller = self.core.identify(sent, requirements)
            request_state.put(state, self.core, sent, caller)
        request.principal = caller
        return caller


def requires(*scopes: ScopeRequirement, organization: str = "") -> Callable[[View], View]:
    """Return the decorator of the guard of the setting GATEPASS_GUARD; see `Guard.requires`.

    The setting is read at the first request.
    """
    return _requires(configured, Requirements.of(*scopes, organization=organization))


class GuardMiddleware:
    """Makes every view need a good token, except those whose path is exempt.

    `GATEPASS_GUARD["exempt"]` lists paths: "/health" is that one alone, "/docs/*" all beneath
    it. `requires` on a view adds to that; the token is verified once.

    Put it above CsrfViewMiddleware, whose check does not concern bearer tokens; otherwise that
    middleware refuses requests first. A path without a view, and a response of other middleware,
    needs no token. A subclass with a `guard`, and `exempt`, needs no setting.
    """

    sync_capable = True
    async_capable = True
    guard: ClassVar[Guard | None] = None
    exempt: ClassVar[Iterable[str] | None] = None

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._exempt = _exempt(_configured_exempt() if self.exempt is None else self.exempt)
        self._guard()  # an invalid setting stops the start
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)
            self.process_view: Callable[..., Any] = self._process_view_async
        else:
            self.process_view = self._process_view

    def __call__(self, request: HttpRequest) -> Any:  # noqa: ANN401 - a response, or its coroutine
        """Pass the request on: it is checked when its view is known."""
        return self.get_response(request)

    def _process_view(
        self, request: HttpRequest, _view: object, _args: object, path: Mapping[str, object]
    ) -> HttpResponse | None:
        if self._is_exempt(request):
            return None
        return _outcome(request, self._guard().authorize(request, NOTHING, path))

    async def _process_view_async(
        self, request: HttpRequest, _view: object, _args: object, path: Mapping[str, object]
    ) -> HttpResponse | None:
        if self._is_exempt(request):
            return None
        return _outcome(request, await self._guard().aauthorize(request, NOTHING, path))

    def _is_exempt(self, request: HttpRequest) -> bool:
        request.principal = None
        return request.path_info in self._exempt

    def _guard(self) -> Guard:
        return self.guard or configured()


def configured() -> Guard:
    """Return the guard of the setting GATEPASS_GUARD, made at the first call.

    Raises ImproperlyConfigured for a missing or invalid setting.
    """
    with _configured.lock:
        if _configured.guard is None:
            _configured.guard = _from_settings()
        return _configured.guard


def request_of(request: HttpRequest, path: Mapping[str, object]) -> Request:
    """Return what a guard reads of a Django request; `path` has the parameters of its route.

    Django joins header lines of the same name by a comma, which no bearer token contains.
    """
    authorization = request.META.get("HTTP_AUTHORIZATION")
    return Request(
        authorization=header_lines(authorization),
        query=request.META.get("QUERY_STRING", ""),
        form=_form(request),
        source=request.META.get("REMOTE_ADDR") or None,
        method=request.method,
        path=path,
        context=request,
    )


def response_of(denial: Denial) -> HttpResponse:
    """Return the response of a denial."""
    return HttpResponse(denial.body(), status=denial.status, headers=dict(denial.headers))


class _Configured:
    """The guard of the settings, made once."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.guard: Guard | None = None

    def reset(self, *, setting: str, **_more: object) -> None:
        """Drop the guard when a test changes the setting."""
        if setting != SETTING:
            return
        with self.lock:
            if self.guard is not None:
                self.guard.close()
            self.guard = None


_configured = _Configured()
setting_changed.connect(_configured.reset)


class GuardConfig(AppConfig):  # type: ignore[misc] # Django has no type hints
    """Makes `manage.py check` check the setting, if it is in INSTALLED_APPS."""

    name = "gatepass.guard.django"
    label = "gatepass_guard"
    verbose_name = "Gatepass guard"


@checks.register(checks.Tags.security)  # type: ignore[untyped-decorator] # Django has no type hints
def check_setting(**_apps: object) -> list[checks.CheckMessage]:
    """Report a setting that is invalid to `manage.py check`."""
    if getattr(settings, SETTING, None) is None:
        return []
    try:
        configured()
        _exempt(_configured_exempt())
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="gatepass.E001")]
    return []


def _configured_exempt() -> Iterable[str]:
    configuration: Iterable[str] = getattr(settings, SETTING, {}).get("exempt", ())
    return configuration


def _exempt(paths: Iterable[str]) -> ExemptPaths:
    try:
        return ExemptPaths(paths)
    except ValueError as error:
        raise ImproperlyConfigured(f"{SETTING}: {error}") from None


def _from_settings() -> Guard:
    configuration = getattr(settings, SETTING, None)
    if not isinstance(configuration, Mapping):
        raise ImproperlyConfigured(f'set {SETTING} to a dict with "issuer" and "resource"')
    try:
        return Guard(**{name: value for name, value in configuration.items() if name != "exempt"})
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"{SETTING}: {error}") from error


def _requires(guard: Callable[[], Guard], requirements: Requirements) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **path: object) -> object:
            denial = guard().authorize(request, requirements, path)
            return _varied(view(request, *args, **path)) if denial is None else response_of(denial)

        @wraps(view)
        async def guarded_async(request: HttpRequest, *args: object, **path: object) -> object:
            denial = await guard().aauthorize(request, requirements, path)
            return (
                _varied(await view(request, *args, **path))
                if denial is None
                else response_of(denial)
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


def _outcome(request: HttpRequest, denial: Denial | None) -> HttpResponse | None:
    if denial is not None:
        return response_of(denial)
    request.csrf_processing_done = True  # as CsrfViewMiddleware notes a request that is in order
    return None


def _varied(response: object) -> object:
    """Add `Vary`, so that caches, Django's own too, separate responses to different callers."""
    if isinstance(response, HttpResponseBase):
        patch_vary_headers(response, ["Authorization"])
    return response


def _form(request: HttpRequest) -> str:
    """Return a short form's text, to find a token that is sent twice (RFC 6750 §2).

    A form of unknown or great length is not read: no token is ever accepted from it.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if request.content_type != _FORM or not length.isdecimal():
        return ""
    if len(length) > 9 or int(length) > LONGEST_BODY:
        return ""
    try:
        body: bytes = request.body  # kept, so that a view can read it
    except UnreadablePostError:  # the client is gone; the view will find out as well
        return ""
    except RawPostDataException:  # it was read before
        return urlencode([(name, "") for name in request.POST])
    return body.decode("latin-1")
