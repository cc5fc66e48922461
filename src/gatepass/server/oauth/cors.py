"""Cross-origin requests to the token endpoint (CORS), from the origins of a setting.

The browser's own credentials, as cookies, are never allowed: a page sends its client's secret.
"""

from gatepass.server import http
from gatepass.server.http import MethodNotAllowed, Receive, Request, Response, Scope

Headers = tuple[tuple[bytes, bytes], ...]

_METHODS = "POST, OPTIONS"
_ALLOW = (b"allow", _METHODS.encode())
_VARY = (b"vary", b"Origin")
_PREFLIGHT = (
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"authorization, content-type, dpop"),
    (b"access-control-max-age", b"600"),
)
_EXPOSED = (
    b"access-control-expose-headers",
    b"dpop-nonce, gatepass-notice, retry-after, www-authenticate",
)


async def read_request(scope: Scope, receive: Receive) -> Request:
    """Read a POST request as `http.read_request`; the error of other methods names OPTIONS."""
    if scope["method"] != "POST":
        raise MethodNotAllowed(_METHODS)
    return await http.read_request(scope, receive)


def headers(origins: frozenset[bytes], scope: Scope) -> Headers:
    """Return the headers that let the page of an allowed origin read a response."""
    if not origins:
        return ()
    sent = [value for name, value in scope["headers"] if name == b"origin"]
    if not sent:
        return ()
    if len(sent) > 1 or sent[0] not in origins:
        return (_VARY,)
    return (_VARY, (b"access-control-allow-origin", sent[0]), _EXPOSED)


def preflight(cors_headers: Headers) -> Response:
    """Return the response to OPTIONS; `cors_headers` is what `headers` returned."""
    is_allowed = len(cors_headers) > 1
    return Response(204, (_ALLOW, *cors_headers, *(_PREFLIGHT if is_allowed else ())), b"")
