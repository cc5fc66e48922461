"""Which request a caller sent to an API, as the gateway names it. Pure.

A DPoP proof is for that request. A caller can send such headers as well, so only those count that
the gateway writes in any case: which these are is part of its own configuration. Envoy sends no
headers for it, but the caller's request itself, with its method, Host and path.
"""

from collections.abc import Mapping

from gatepass.server.http import Request
from gatepass.server.oauth.authentication.proofs import Target
from gatepass.server.oauth.forward_auth.requirements import GatewayMisconfigured, Sends
from gatepass.wire.errors import OAuthError

_METHOD: Mapping[Sends, bytes] = {
    "forwarded": b"x-forwarded-method",
    "original": b"x-original-method",
}


def read(request: Request, sends: Sends | None) -> Target:
    """Return the caller's request.

    Raises OAuthError for a route whose gateway does not say what it sends, GatewayMisconfigured
    where a header is missing that it says it sends.
    """
    if sends is None:
        raise OAuthError(
            "invalid_token",
            "This API takes no access tokens that are bound to a key.",
            log_detail="a bound token, and the gateway's address for this route has no dpop",
            reason="dpop_gateway",
        )
    headers = request.headers
    if sends == "request":
        return _sent(request)
    method = _header(headers, _METHOD[sends])
    if sends == "original":
        return Target(method, (_header(headers, b"x-original-url"),))
    scheme, host, path = (
        _header(headers, b"x-forwarded-" + each) for each in (b"proto", b"host", b"uri")
    )
    return Target(method, (f"{scheme}://{host}{path}",))


def _sent(request: Request) -> Target:
    """Return the request that follows the requirements in the path of the gateway's own one.

    The slash that ends the requirements is the gateway's, and the caller's path begins with its
    own: without the first, two callers' paths could not be told apart.
    """
    below = request.below
    if below is None or not below.path.startswith("//"):
        raise GatewayMisconfigured("The gateway's path_prefix does not end with a slash.")
    scheme, host = _header(request.headers, b"x-forwarded-proto"), _header(request.headers, b"host")
    return Target(below.method, (f"{scheme}://{host}{below.path[1:]}",))


def _header(headers: Mapping[bytes, bytes], name: bytes) -> str:
    value = headers.get(name, b"")
    if not value:
        raise GatewayMisconfigured(f"The gateway does not send {name.decode()}.")
    return value.decode("latin-1")
