"""A Django request as a guard reads it, and the response to a refused one."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError

from gatepass.guard import asgi
from gatepass.guard.model import address
from gatepass.guard.model.error_response import ErrorResponse
from gatepass.guard.model.request import Request
from gatepass.guard.wsgi import Connection, has_short_form, header_lines, proofs_of, sent_path


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
        dpop=proofs_of(request.META),
        url=_url_of(request) if "HTTP_DPOP" in request.META else "",
        connection=_Connection(request),
    )


class _Connection(Connection):
    """The headers of a Django request, and its client certificate by WSGI or ASGI."""

    __slots__ = ("_scope",)

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.META)
        self._scope = getattr(request, "scope", None)

    def certificate(self) -> bytes | str | None:
        if self._scope is not None:
            return asgi.Connection(self._scope).certificate()
        return super().certificate()


def response_of(response: ErrorResponse) -> HttpResponse:
    """Return Django's form of an error response."""
    return HttpResponse(response.body(), status=response.status, headers=dict(response.headers))


def _url_of(request: HttpRequest) -> str:
    """Return the address of a request by Django's settings for hosts and proxies."""
    try:
        host = request.get_host()
    except DisallowedHost:
        return ""
    scope = getattr(request, "scope", None)  # by ASGI
    if scope is None:
        path = sent_path(request.META)
    else:
        sent = (scope.get("raw_path") or b"").decode("latin-1")
        path = address.path_as_sent(sent, request.path.encode("utf-8", "replace").decode("latin-1"))
    return address.address(request.scheme, host, path)


def _form(request: HttpRequest) -> str:
    """Return a short form's text, to find a token that is sent twice (RFC 6750 §2).

    A form of unknown or great length is not read: no token is ever accepted from it.
    """
    if not has_short_form(request.META):
        return ""
    try:
        body: bytes = request.body  # kept, so that a view can read it
    except UnreadablePostError:  # the client is gone; the view will find out as well
        return ""
    except RawPostDataException:  # it was read before
        return urlencode([(name, "") for name in request.POST])
    return body.decode("latin-1")
