"""The small API as a Django site: plain views beneath /views, REST framework's beneath /rest."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.views import APIView

from gatepass.guard.django import requires
from gatepass.guard.rest_framework import GatepassAuthentication, HasRequiredScopes
from guard.adapters.described import described


@requires("read")
def meters(request: HttpRequest) -> HttpResponse:
    return JsonResponse(described(request.principal))


@requires("read", "admin")
def admin(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("secrets")


@requires(organization="org_id")
def organization(_request: HttpRequest, org_id: str) -> HttpResponse:
    return HttpResponse(org_id)


@requires()
def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body)


@csrf_exempt  # type: ignore[untyped-decorator] # Django has no type hints
def health(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("well")


class Guarded(APIView):  # type: ignore[misc]
    authentication_classes = (GatepassAuthentication,)
    permission_classes = (HasRequiredScopes,)
    required_scopes: tuple[str, ...] = ("read",)


class Meters(Guarded):
    def get(self, request: Request) -> HttpResponse:
        return JsonResponse(described(request.auth))


class Admin(Guarded):
    required_scopes = ("read", "admin")

    def get(self, _request: Request) -> HttpResponse:
        return HttpResponse("secrets")


class Organization(Guarded):
    required_scopes = ()
    required_organization = "org_id"

    def get(self, _request: Request, org_id: str) -> HttpResponse:
        return HttpResponse(org_id)


class Echo(Guarded):
    required_scopes = ()

    def post(self, request: Request) -> HttpResponse:
        return HttpResponse(request.body)


_VIEWS = [
    path("meters", meters),
    path("admin", admin),
    path("org/<org_id>", organization),
    path("echo", echo),
    path("health", health),
]
_REST = [
    path("meters", Meters.as_view()),
    path("admin", Admin.as_view()),
    path("org/<org_id>", Organization.as_view()),
    path("echo", Echo.as_view()),
    path("health", health),
]
urlpatterns = [path("views/", include(_VIEWS)), path("rest/", include(_REST))]
