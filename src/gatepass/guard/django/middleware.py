"""Middleware that makes every view need a good token."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

from gatepass.guard.django.configuration import configured, configured_exempt, exempt_paths
from gatepass.guard.django.guard import Guard
from gatepass.guard.django.request import response_of
from gatepass.guard.model.error_response import ErrorResponse
from gatepass.guard.model.requirements import NOTHING


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
        self._exempt = exempt_paths(configured_exempt() if self.exempt is None else self.exempt)
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


def _outcome(request: HttpRequest, response: ErrorResponse | None) -> HttpResponse | None:
    if response is not None:
        return response_of(response)
    request.csrf_processing_done = True  # as CsrfViewMiddleware notes a request that is in order
    return None
