"""Cross-origin requests of browsers to the token endpoint, from the origins of a setting.

Never with credentials of the browser, as cookies: a page sends its own client's secret.
"""

from gatepass.server import http
from gatepass.server.http import MethodNotAllowed, Receive, Request, Response, Scope

Headers = tuple[tuple[bytes, bytes], ...]

_METHODS = "POST, OPTIONS"
_ALLOW = (b"allow", _METHODS.encode())
_VARY = (b"vary", b"Origin")
_PREFLIGHT = (
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"600"),
)
_EXPOSED = (
    b"access-control-expose-headers",
    b"gatepass-notice, retry-after, www-authenticate",
)


async def arrive(scope: Scope, receive: Receive) -> Request:
    """Read a POST request as `arrival.arrive` does; another method's refusal names OPTIONS."""
    if scope["method"] != "POST":
        raise MethodNotAllowed(_METHODS)
    return await http.read_request(scope, receive)


def headers(origins: frozenset[bytes], scope: Scope) -> Headers:
    """Return the headers with which the page of an allowed origin may read an answer."""
    if not origins:
        return ()
    sent = [value for name, value in scope["headers"] if name == b"origin"]
    if not sent:
        return ()
    if len(sent) > 1 or sent[0] not in origins:
        return (_VARY,)
    return (_VARY, (b"access-control-allow-origin", sent[0]), _EXPOSED)


def preflight(shared: Headers) -> Response:
    """Return the answer to OPTIONS; `shared` is what `headers` returned."""
    is_allowed = len(shared) > 1
    return Response(204, (_ALLOW, *shared, *(_PREFLIGHT if is_allowed else ())), b"")
