"""A Django site as an API's engineer would write it, with REST framework beside plain views."""

from typing import Any

import django
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from gatepass.guard.django import any_of, requires
from gatepass.guard.rest_framework import GatepassAuthentication, HasRequiredScopes, HasScope

CSRF = "django.middleware.csrf.CsrfViewMiddleware"
GUARD = "gatepass.guard.django.GuardMiddleware"
FORM = "application/x-www-form-urlencoded"
CHALLENGE = (
    'Bearer resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"'
)

django.setup()


def bearer(token: str) -> dict[str, Any]:
    """Return what Django's test client takes to send a token."""
    return {"headers": {"Authorization": f"Bearer {token}"}}


def who(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"client_id": request.principal.client_id})


@requires("read")
def function(request: HttpRequest) -> HttpResponse:
    return who(request)


@requires("read")
async def coroutine(request: HttpRequest) -> HttpResponse:
    return who(request)


@method_decorator(requires("read"), name="dispatch")
class Class(View):  # type: ignore[misc] # Django has no type hints
    def get(self, request: HttpRequest) -> HttpResponse:
        return who(request)

    post = get


@method_decorator(requires("read"), name="dispatch")
class AsyncClass(View):  # type: ignore[misc]
    async def get(self, request: HttpRequest) -> HttpResponse:
        return who(request)

    post = get


@requires({"GET": "read", "*": any_of("write", "admin")})
def by_method(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"sent": request.POST.get("name", "")})


@requires("read", organization="org_id")
def of_organization(_request: HttpRequest, org_id: str) -> HttpResponse:
    return JsonResponse({"org_id": org_id})


def plain(request: HttpRequest) -> HttpResponse:
    caller = request.principal
    return JsonResponse({"client_id": caller and caller.client_id})


def open_to_all(request: HttpRequest) -> HttpResponse:
    return plain(request)


class Meters(APIView):  # type: ignore[misc]
    authentication_classes = (GatepassAuthentication,)
    permission_classes = (HasScope("read"),)

    def get(self, request: Request) -> Response:
        return Response(
            {
                "client_id": request.auth.client_id,
                "user": str(request.user),
                "is_authenticated": request.user.is_authenticated,
                "principal": request.user.principal.client_id,
                "sent": request.data.get("name", "") if request.method == "POST" else "",
            }
        )

    post = get


class Readings(APIView):  # type: ignore[misc]
    authentication_classes = (GatepassAuthentication,)
    permission_classes = (HasRequiredScopes,)
    required_scopes = ({"GET": "read", "*": "write"},)
    required_organization = "org_id"

    def get(self, _request: Request, org_id: str) -> Response:
        return Response({"org_id": org_id})

    post = get


class OneScope(Readings):
    required_scopes = "read"  # type: ignore[assignment]
    required_organization = ""


class Unsaid(Meters):
    permission_classes = (HasRequiredScopes,)


class Throttle(UserRateThrottle):  # type: ignore[misc]
    rate = "2/hour"


class Throttled(Meters):
    throttle_classes = (Throttle,)


class Staff(Meters):
    permission_classes = (IsAdminUser,)


class SomebodyElse(BaseAuthentication):  # type: ignore[misc]
    """Authenticates every request with `Authorization: Other`."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        if request.headers.get("Authorization") != "Other":
            return None
        from django.contrib.auth.models import AnonymousUser

        return AnonymousUser(), None


class Shared(Meters):
    authentication_classes = (GatepassAuthentication, SomebodyElse)  # type: ignore[assignment]


@api_view(["GET"])  # type: ignore[untyped-decorator]
@authentication_classes([GatepassAuthentication])  # type: ignore[untyped-decorator]
@permission_classes([IsAuthenticated])  # type: ignore[untyped-decorator]
def rest_function(request: Request) -> Response:
    return Response({"client_id": request.auth.client_id})


urlpatterns = [
    path("function", function),
    path("coroutine", coroutine),
    path("class", Class.as_view()),
    path("async-class", AsyncClass.as_view()),
    path("by-method", by_method),
    path("organizations/<org_id>/", of_organization),
    path("plain", plain),
    path("open", open_to_all),
    path("open/docs/page", open_to_all),
    path("rest", Meters.as_view()),
    path("rest/organizations/<org_id>/", Readings.as_view()),
    path("rest/one-scope/<org_id>/", OneScope.as_view()),
    path("rest/unsaid", Unsaid.as_view()),
    path("rest/throttled", Throttled.as_view()),
    path("rest/staff", Staff.as_view()),
    path("rest/shared", Shared.as_view()),
    path("rest/function", rest_function),
]
