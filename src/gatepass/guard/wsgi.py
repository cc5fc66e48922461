"""The guard in front of any WSGI application: an adapter of `core`.

    app = Protected(app, Guard(issuer="https://login.example.com", ...), Requirements.of("read"))

The application finds the caller in `environ["gatepass.principal"]`.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING

from gatepass.guard.core import request_state
from gatepass.guard.core.exempt_paths import ExemptPaths
from gatepass.guard.core.guard import Guard
from gatepass.guard.core.resource_metadata import HEADERS, document
from gatepass.guard.model import address
from gatepass.guard.model.error_response import Denied, ErrorResponse
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.request import Request
from gatepass.guard.model.requirements import NOTHING, Requirements, any_of
from gatepass.wire.params import LONGEST_BODY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Guard", "MetadataMiddleware", "Principal", "Protected", "Requirements", "any_of"]

PRINCIPAL = "gatepass.principal"

_SOCKETS = ("gunicorn.socket", "werkzeug.socket")
_FORM = "application/x-www-form-urlencoded"
_JOINED = re.compile(r",[ \t]*(?=(?:bearer|dpop) )", re.IGNORECASE)  # two headers, by the server


class Connection:
    """The headers of a WSGI request, and its client certificate where the server tells it."""

    __slots__ = ("_environ",)

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._environ = environ

    def header(self, name: str) -> list[str]:
        """Return the value of a header, in which a server has joined several by commas."""
        value = self._environ.get("HTTP_" + name.upper().replace("-", "_"))
        return [] if value is None else [value]

    def certificate(self) -> bytes | str | None:
        """Return the client's certificate, None without one: of Apache, or of the socket."""
        pem: str | None = self._environ.get("SSL_CLIENT_CERT")
        if pem:
            return pem
        for name in _SOCKETS:
            read = getattr(self._environ.get(name), "getpeercert", None)
            if read is not None:
                der: bytes | None = read(binary_form=True)
                return der
        return None


class Protected:
    """Lets requests with a good token through to `app`, and no other.

    All of them must fulfil `requirements`; paths in `exempt` ("/health", or "/docs/*" for all
    beneath it) need no token. A path is compared as the server has decoded it, without the prefix
    that the application is mounted at; a path that an application could normalize to another one
    is never exempt. No method is exempt: a CORS preflight has no token, so put the CORS middleware
    in front of this one. Behind a proxy, let the server find the caller's address in headers that
    it trusts.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        guard: Guard,
        requirements: Requirements = NOTHING,
        *,
        exempt: Iterable[str] = (),
    ) -> None:
        if requirements.organization:
            raise ValueError("the parameters of a path are not known here: compare org_id yourself")
        self._app = app
        self._guard = guard
        self._requirements = requirements
        self._exempt = ExemptPaths(exempt)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, or send the error response."""
        environ.pop(PRINCIPAL, None)
        if environ.get("PATH_INFO", "") not in self._exempt:
            try:
                environ[PRINCIPAL] = request_state.identify(
                    environ, self._guard, request_of(environ), self._requirements
                )
            except Denied as denied:
                return deny(denied.error_response, environ, start_response)
        return self._app(environ, start_response)


class MetadataMiddleware:
    """Serves the metadata of the guard's resource (RFC 9728 §3); passes other requests to `app`.

    Put it in front of `Protected`, as the document needs no token. It answers GET and HEAD at the
    path of `resource_metadata`, under any prefix that the application is mounted at. `scopes` are
    those that the API uses. Raises ValueError for a guard without a `resource`.
    """

    def __init__(self, app: "WSGIApplication", guard: Guard, scopes: Iterable[str] = ()) -> None:
        self._app = app
        self._document = document(guard, scopes)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Send the document, or pass the request on."""
        path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD", "GET")
        paths = {path, environ.get("SCRIPT_NAME", "") + path}
        if method not in {"GET", "HEAD"} or self._document.path not in paths:
            return self._app(environ, start_response)
        body = self._document.body
        start_response("200 OK", [*HEADERS, ("Content-Length", str(len(body)))])
        return [] if method == "HEAD" else [body]


def request_of(environ: "WSGIEnvironment", form: str | None = None) -> Request:
    """Return what a guard reads of a WSGI request; the environ is its context.

    Servers join header lines of the same name by a comma, which no bearer token contains. The
    body of a short form is read, and put back for the application, unless `form` is given.
    """
    authorization = environ.get("HTTP_AUTHORIZATION")
    return Request(
        authorization=header_lines(authorization),
        query=environ.get("QUERY_STRING", ""),
        form=_form(environ) if form is None else form,
        source=environ.get("REMOTE_ADDR") or None,
        method=environ.get("REQUEST_METHOD", "GET"),
        context=environ,
        dpop=proofs_of(environ),
        url=_url_of(environ) if "HTTP_DPOP" in environ else "",
        connection=Connection(environ),
    )


def proofs_of(environ: "WSGIEnvironment") -> tuple[str, ...]:
    """Return the DPoP headers, which a server joins by a comma that no proof contains."""
    return tuple(environ["HTTP_DPOP"].split(",")) if "HTTP_DPOP" in environ else ()


def sent_path(environ: "WSGIEnvironment") -> str:
    """Return the path of the request as it was sent, where the server tells it."""
    sent = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    decoded = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return address.path_as_sent(sent, decoded or "/")


def _url_of(environ: "WSGIEnvironment") -> str:
    host = environ.get("HTTP_HOST", "")
    return address.address(environ["wsgi.url_scheme"], host, sent_path(environ))


def header_lines(authorization: str | None) -> tuple[str, ...]:
    """Return the Authorization headers that a server has joined to one."""
    return () if authorization is None else tuple(_JOINED.split(authorization))


def deny(
    response: ErrorResponse, environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """Return the body of `response`; for HEAD without the body, as not every server drops it."""
    body = response.body()
    status = f"{response.status} {HTTPStatus(response.status).phrase}"
    start_response(status, [*response.headers.items(), ("Content-Length", str(len(body)))])
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]


def has_short_form(environ: "WSGIEnvironment") -> bool:
    """Return whether the body is a form to be read, to find a token that is sent twice.

    A form of unknown or great length is not read: no token is ever accepted from it.
    """
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    length = environ.get("CONTENT_LENGTH", "")
    is_short = length.isascii() and length.isdigit() and len(length) < 10
    return media_type == _FORM and is_short and int(length) <= LONGEST_BODY


def _form(environ: "WSGIEnvironment") -> str:
    """Return a short form's text, to find a token that is sent twice (RFC 6750 §2)."""
    if not has_short_form(environ):
        return ""
    try:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    except OSError:  # the client is gone; the application will find out as well
        return ""
    environ["wsgi.input"] = BytesIO(body)
    return str(body, "latin-1")
