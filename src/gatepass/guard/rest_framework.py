"""The guard in Django REST framework: authentication and permission classes.

    class Meters(APIView):
        authentication_classes = [GatepassAuthentication]
        permission_classes = [HasScope("read")]

The guard is that of the setting GATEPASS_GUARD, as in `gatepass.guard.django`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from rest_framework import views
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.permissions import AND, OR, BasePermission, OperandHolder
from rest_framework.request import Request

from gatepass.guard.django import Guard, configured
from gatepass.guard.django.request import request_of, response_of
from gatepass.guard.model.error_response import Denied as CoreDenied
from gatepass.guard.model.error_response import ErrorResponse
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request as GuardRequest
from gatepass.guard.model.requirements import NOTHING, AnyOf, Requirements, ScopeRequirement, any_of
from gatepass.wire import bearer
from gatepass.wire.errors import OAuthError

__all__ = [
    "Application",
    "GatepassAuthentication",
    "Guard",
    "HasRequiredScopes",
    "HasScope",
    "Principal",
    "any_of",
    "exception_handler",
]

_ERROR_RESPONSE = "_gatepass_error_response"


class Application:
    """The value of request.user: the calling application, which is no user of the site.

    It is authenticated and not staff; throttles count it by its client id.
    """

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, principal: Principal) -> None:
        self.principal = principal

    @property
    def pk(self) -> str:
        """The client id, by which throttles count."""
        return self.principal.client_id

    def __str__(self) -> str:
        return self.principal.client_id


class Denied(APIException):  # type: ignore[misc] # REST framework has no type hints
    """An error response as REST framework renders it: with its status, challenge and Retry-After.

    The body is {"detail": ...}; with `exception_handler` it is a whole problem document.
    """

    def __init__(self, error_response: ErrorResponse) -> None:
        super().__init__(error_response.detail, error_response.reason)
        self.error_response = error_response
        self.status_code = error_response.status
        self.auth_header = error_response.headers.get("WWW-Authenticate")
        self.wait = int(error_response.headers.get("Retry-After", "0"))


class GatepassAuthentication(BaseAuthentication):  # type: ignore[misc] # as above
    """Authenticates the caller: request.auth is the Principal, request.user an `Application`.

    A request without an access token is left to the other authentication classes, and to the
    permission to refuse: 401 with the challenge, if this class is the first. Does NOT check any
    scope (see `HasScope`). A subclass with a `guard` needs no setting.
    """

    guard: ClassVar[Guard | None] = None

    def authenticate(self, request: Request) -> tuple[Application, Principal] | None:
        """Return the caller, or None without a bearer token; raise Denied for a bad one."""
        sent = _request_of(request)
        if not _has_credentials(sent):
            return None
        try:
            principal = self._guard().identify(sent.context, NOTHING, sent.path)
        except CoreDenied as denied:
            raise Denied(denied.error_response) from None
        return Application(principal), principal

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge to a request without credentials (RFC 6750 §3, RFC 9728 §5.1)."""
        error_response = self._guard().core.challenge(_request_of(request))
        setattr(request, _ERROR_RESPONSE, error_response)
        return error_response.headers["WWW-Authenticate"]

    def check(self, request: Request, requirements: Requirements) -> None:
        """Raise Denied if the caller of an authenticated request lacks `requirements`."""
        try:
            self._guard().core.check(request.auth, _request_of(request), requirements)
        except CoreDenied as denied:
            raise Denied(denied.error_response) from None

    def _guard(self) -> Guard:
        return self.guard or configured()


class _Either(OR):  # type: ignore[misc] # as above
    """Two permissions of which one is enough, although the first may raise Denied."""

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ANN401 - any view
        return _either(
            lambda: self.op1.has_permission(request, view),
            lambda: self.op2.has_permission(request, view),
        )

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:  # noqa: ANN401 - any
        return _either(*(partial(_allows, op, request, view, obj) for op in (self.op1, self.op2)))


class _Operators:
    """The operators of permission classes and of what they combine to."""

    def __or__(self, other: Any) -> "_Combined":  # noqa: ANN401 - any permission
        return _Combined(_Either, self, other)

    def __and__(self, other: Any) -> "_Combined":  # noqa: ANN401 - any permission
        return _Combined(AND, self, other)

    def __ror__(self, other: Any) -> "_Combined":  # noqa: ANN401 - any permission
        return _Combined(_Either, other, self)

    def __rand__(self, other: Any) -> "_Combined":  # noqa: ANN401 - any permission
        return _Combined(AND, other, self)


class _Combined(_Operators, OperandHolder):  # type: ignore[misc] # as above
    """Combined permission classes, which combine further."""


class _Combinable(_Operators, type(BasePermission)):  # type: ignore[misc] # as above
    """The type of the permission classes here."""


class HasRequiredScopes(BasePermission, metaclass=_Combinable):  # type: ignore[misc] # as above
    """Requires the scopes of the view's `required_scopes`.

    That is a scope, `any_of(...)`, a mapping of methods to either, or a list of such, all of
    which are required (see `Requirements.of`). The view's `required_organization`, if it has one,
    names the part of the path that must be the caller's `org_id`: 404 for any other. Only callers
    that GatepassAuthentication has authenticated pass. It combines with other classes by `|` and
    `&`; if all alternatives refuse, the response is the first refusal with a challenge.
    """

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ANN401 - any view
        """Return True, False for a caller of another authentication class, or raise Denied."""
        by = request.successful_authenticator
        if not isinstance(by, GatepassAuthentication):
            return False  # a session's user, or an anonymous request
        by.check(request, self.requirements_of(view))
        return True

    def requirements_of(self, view: Any) -> Requirements:  # noqa: ANN401 - any view
        """Return the requirements of a view; raise ImproperlyConfigured if it declares none."""
        scopes = getattr(view, "required_scopes", None)
        if scopes is None:
            raise ImproperlyConfigured(f"{type(view).__name__} has no required_scopes")
        listed = [scopes] if isinstance(scopes, str | AnyOf | Mapping) else scopes
        return Requirements.of(*listed, organization=getattr(view, "required_organization", ""))


class _HasScope(HasRequiredScopes):
    requirements: ClassVar[Requirements]

    def requirements_of(self, _view: object) -> Requirements:
        return self.requirements


def HasScope(*scopes: ScopeRequirement, organization: str = "") -> type[HasRequiredScopes]:  # noqa: N802 - it returns a class
    """Return a permission class that requires all of `scopes`; see `HasRequiredScopes`.

    Without any, every good token passes. Raises ValueError for a scope that can never be granted.
    """
    requirements = Requirements.of(*scopes, organization=organization)
    made: type[HasRequiredScopes] = _Combinable(
        "HasScope", (_HasScope,), {"requirements": requirements}
    )
    return made


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Render denials as whole problem documents (RFC 9457), other errors as REST framework does.

    For the setting REST_FRAMEWORK["EXCEPTION_HANDLER"], by its dotted name.
    """
    response: HttpResponse | None = views.exception_handler(error, context)
    if isinstance(error, Denied):
        return response_of(error.error_response)
    error_response = getattr(context["request"], _ERROR_RESPONSE, None)
    if isinstance(error, NotAuthenticated) and error_response is not None:
        return response_of(error_response)
    return response


def _either(first: Callable[[], bool], second: Callable[[], bool]) -> bool:
    """Return whether one of two checks passes; raise the first Denied if both refuse."""
    first_denied: Denied | None = None
    for check in (first, second):
        try:
            if check():
                return True
        except Denied as denied:
            first_denied = first_denied or denied
    if first_denied is not None:
        raise first_denied
    return False


def _allows(permission: Any, request: Request, view: Any, obj: Any) -> bool:  # noqa: ANN401 - any
    return bool(
        permission.has_permission(request, view)
        and permission.has_object_permission(request, view, obj)
    )


def _request_of(request: Request) -> GuardRequest:
    django_request = request._request  # noqa: SLF001 - Django's, to which REST framework gives no other way
    return request_of(django_request, request.parser_context["kwargs"])


def _has_credentials(sent: GuardRequest) -> bool:
    try:
        return bearer.read_sent(sent.authorization, sent.query, sent.form) is not None
    except OAuthError:
        return True  # malformed ones
