"""The guard in Django: a decorator for views and a middleware for whole sites; a face of `core`.

    # settings.py
    GATEPASS_GUARD = {"issuer": "https://login.example.com", "resource": "https://api.example.com"}
    INSTALLED_APPS = [..., "gatepass.guard.django.GuardConfig"]  # for `manage.py check`

    # views.py
    @requires("read")
    def meters(request):
        return JsonResponse({"client_id": request.principal.client_id})

Who keeps guards of his own uses `Guard(...).requires` in place of the setting's.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from threading import Lock
from typing import Any, ClassVar, NamedTuple, TypeVar
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

_ADMITTED = "_gatepass_admitted"
_FORM = "application/x-www-form-urlencoded"


class Admitted(NamedTuple):
    """Who sent a request, as a guard has found out; kept with the request for whoever asks next."""

    guard: "Guard"
    principal: Principal


class Guard(Adapter):
    """Lets requests with a good access token through, and no other.

    Takes the settings of `gatepass.guard.Guard`. `inspect` gets the token and the request,
    as `expect` does; for asynchronous views `inspect` may be a coroutine function.
    """

    def requires(self, *wanted: ScopeRequirement, organization: str = "") -> Callable[[View], View]:
        """Give a decorator for views, plain or `async`, that says who calls in request.principal.

        Refuses a caller who lacks one of `wanted`: a scope, `any_of(...)`, or a mapping of methods
        to either (see `Requirements.of`); without any, every good token passes. `organization`
        names the part of the path that must be the caller's `org_id`: another's answers 404. Does
        NOT check otherwise that what is asked for belongs to the caller. Raises ValueError for a
        scope that can never be granted.

        A class-based view takes it on its `dispatch`, by Django's `method_decorator`. It must be
        the outermost: what stands above it, as `cache_page`, answers without asking it. Views
        are exempt from CSRF protection, as a browser never sends such a token by itself.
        """
        return _requires(lambda: self, Requirements.of(*wanted, organization=organization))

    def admit(
        self, request: HttpRequest, needs: Requirements, path: Mapping[str, object]
    ) -> Denial | None:
        """Set request.principal, or give the refusal to answer with; may block.

        Asked again about a request that it knows, it checks what is needed and no more.
        """
        try:
            self.identify(request, needs, path)
        except Denied as denied:
            return denied.denial
        return None

    async def aadmit(
        self, request: HttpRequest, needs: Requirements, path: Mapping[str, object]
    ) -> Denial | None:
        """Do what `admit` does, in an event loop."""
        asked = arrived(request, path)
        try:
            if not self._recalls(request, asked, needs):
                self._keep(request, await self.core.aidentify(asked, needs))
        except Denied as denied:
            return denied.denial
        return None

    def identify(
        self, request: HttpRequest, needs: Requirements, path: Mapping[str, object]
    ) -> Principal:
        """Set request.principal and give it, or raise Denied; see `core.Guard.identify`."""
        asked = arrived(request, path)
        if not self._recalls(request, asked, needs):
            self._keep(request, self.core.identify(asked, needs))
        known: Principal = request.principal
        return known

    def _recalls(self, request: HttpRequest, asked: Request, needs: Requirements) -> bool:
        """Tell whether this guard has let the request through before; check what is needed now."""
        known: Admitted | None = getattr(request, _ADMITTED, None)
        if known is None or known.guard is not self:
            return False
        self.core.check(known.principal, asked, needs)
        return True

    def _keep(self, request: HttpRequest, principal: Principal) -> None:
        setattr(request, _ADMITTED, Admitted(self, principal))
        request.principal = principal


def requires(*wanted: ScopeRequirement, organization: str = "") -> Callable[[View], View]:
    """Give the decorator of the guard that the setting GATEPASS_GUARD makes; see `Guard.requires`.

    The setting is read at the first request.
    """
    return _requires(configured, Requirements.of(*wanted, organization=organization))


class GuardMiddleware:
    """Has every view need a good token, except those whose path is exempt.

    `GATEPASS_GUARD["exempt"]` lists paths: "/health" is that one alone, "/docs/*" all beneath
    it. `requires` on a view says what else the view needs; the token is looked at once.

    It stands above CsrfViewMiddleware, whose check does not concern bearer tokens; below it,
    that one refuses. An address that no view has, and what other middleware answers by itself,
    is answered without a token. A subclass with a `guard`, and `exempt`, needs no setting.
    """

    sync_capable = True
    async_capable = True
    guard: ClassVar[Guard | None] = None
    exempt: ClassVar[Iterable[str] | None] = None

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._exempt = _exempt(_told_exempt() if self.exempt is None else self.exempt)
        self._guard()  # so that a setting that cannot work stops the start
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)
            self.process_view: Callable[..., Any] = self._in_the_loop
        else:
            self.process_view = self._in_a_thread

    def __call__(self, request: HttpRequest) -> Any:  # noqa: ANN401 - a response, or its coroutine
        """Pass the request on: it is looked at when its view is known."""
        return self.get_response(request)

    def _in_a_thread(
        self, request: HttpRequest, _view: object, _args: object, path: Mapping[str, object]
    ) -> HttpResponse | None:
        if self._passes(request):
            return None
        return _outcome(request, self._guard().admit(request, NOTHING, path))

    async def _in_the_loop(
        self, request: HttpRequest, _view: object, _args: object, path: Mapping[str, object]
    ) -> HttpResponse | None:
        if self._passes(request):
            return None
        return _outcome(request, await self._guard().aadmit(request, NOTHING, path))

    def _passes(self, request: HttpRequest) -> bool:
        request.principal = None
        return request.path_info in self._exempt

    def _guard(self) -> Guard:
        return self.guard or configured()


def configured() -> Guard:
    """Give the guard of the setting GATEPASS_GUARD, made when it is first asked for.

    Raises ImproperlyConfigured for a setting that is not there or cannot work.
    """
    with _configured.lock:
        if _configured.guard is None:
            _configured.guard = _of_settings()
        return _configured.guard


def arrived(request: HttpRequest, path: Mapping[str, object]) -> Request:
    """Give what a guard looks at of a Django request; `path` has what its address captures.

    Django joins header lines of the same name by a comma, which no bearer token has in it.
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


def answer(denial: Denial) -> HttpResponse:
    """Give a refusal as Django answers it."""
    return HttpResponse(denial.body(), status=denial.status, headers=dict(denial.headers))


class _Configured:
    """The guard that the settings make."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.guard: Guard | None = None

    def forget(self, *, setting: str, **_more: object) -> None:
        """Have it made anew where a test has changed the setting."""
        if setting != SETTING:
            return
        with self.lock:
            if self.guard is not None:
                self.guard.close()
            self.guard = None


_configured = _Configured()
setting_changed.connect(_configured.forget)


class GuardConfig(AppConfig):  # type: ignore[misc] # Django has no type hints
    """Has `manage.py check` look at the setting, where it is in INSTALLED_APPS."""

    name = "gatepass.guard.django"
    label = "gatepass_guard"
    verbose_name = "Gatepass guard"


@checks.register(checks.Tags.security)  # type: ignore[untyped-decorator] # Django has no type hints
def check_setting(**_of_whom: object) -> list[checks.CheckMessage]:
    """Have `manage.py check` tell of a setting that cannot work."""
    if getattr(settings, SETTING, None) is None:
        return []
    try:
        configured()
        _exempt(_told_exempt())
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="gatepass.E001")]
    return []


def _told_exempt() -> Iterable[str]:
    told: Iterable[str] = getattr(settings, SETTING, {}).get("exempt", ())
    return told


def _exempt(paths: Iterable[str]) -> ExemptPaths:
    try:
        return ExemptPaths(paths)
    except ValueError as error:
        raise ImproperlyConfigured(f"{SETTING}: {error}") from None


def _of_settings() -> Guard:
    told = getattr(settings, SETTING, None)
    if not isinstance(told, Mapping):
        raise ImproperlyConfigured(f'set {SETTING} to a dict with "issuer" and "resource"')
    try:
        return Guard(**{name: value for name, value in told.items() if name != "exempt"})
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"{SETTING}: {error}") from error


def _requires(guard: Callable[[], Guard], needs: Requirements) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def in_a_thread(request: HttpRequest, *args: object, **path: object) -> object:
            denial = guard().admit(request, needs, path)
            return _varied(view(request, *args, **path)) if denial is None else answer(denial)

        @wraps(view)
        async def in_the_loop(request: HttpRequest, *args: object, **path: object) -> object:
            denial = await guard().aadmit(request, needs, path)
            return _varied(await view(request, *args, **path)) if denial is None else answer(denial)

        guarded: Any = in_the_loop if _is_async(view) else in_a_thread
        guarded.csrf_exempt = True
        decorated: View = guarded
        return decorated

    return decorate


def _is_async(view: Callable[..., Any]) -> bool:
    """Tell whether a view is to be awaited; `dispatch` is, where the methods of its class are."""
    if iscoroutinefunction(view):
        return True
    owner = getattr(getattr(view, "func", None), "__self__", None)  # as method_decorator binds it
    return getattr(view, "__name__", "") == "dispatch" and getattr(owner, "view_is_async", False)


def _outcome(request: HttpRequest, denial: Denial | None) -> HttpResponse | None:
    if denial is not None:
        return answer(denial)
    request.csrf_processing_done = True  # as CsrfViewMiddleware notes a request that is in order
    return None


def _varied(response: object) -> object:
    """Have caches, Django's own too, keep answers to different callers apart."""
    if isinstance(response, HttpResponseBase):
        patch_vary_headers(response, ["Authorization"])
    return response


def _form(request: HttpRequest) -> str:
    """Give a short form's text, to see a token that is sent twice (RFC 6750 §2).

    A form of unknown or great length is left alone: no token is ever taken from it.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if request.content_type != _FORM or not length.isdecimal():
        return ""
    if len(length) > 9 or int(length) > LONGEST_BODY:
        return ""
    try:
        body: bytes = request.body  # kept, so that a view can read it
    except UnreadablePostError:  # the client is gone; who reads on learns it as well
        return ""
    except RawPostDataException:  # somebody was first
        return urlencode([(name, "") for name in request.POST])
    return body.decode("latin-1")
