"""Which request a caller sent to an API, as the gateway's headers name it. Pure.

A DPoP proof is for that request. A caller can send these headers as well, so only those count that
the gateway writes in any case: which these are is part of its own configuration.
"""

from collections.abc import Mapping

from gatepass.server.oauth.authentication.proofs import Target
from gatepass.server.oauth.forward_auth.requirements import GatewayMisconfigured, Sends
from gatepass.wire.errors import OAuthError

_METHOD: Mapping[Sends, bytes] = {
    "forwarded": b"x-forwarded-method",
    "original": b"x-original-method",
}


def read(headers: Mapping[bytes, bytes], sends: Sends | None) -> Target:
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
    method = _header(headers, _METHOD[sends])
    if sends == "original":
        return Target(method, (_header(headers, b"x-original-url"),))
    scheme, host, path = (
        _header(headers, b"x-forwarded-" + each) for each in (b"proto", b"host", b"uri")
    )
    return Target(method, (f"{scheme}://{host}{path}",))


def _header(headers: Mapping[bytes, bytes], name: bytes) -> str:
    value = headers.get(name, b"")
    if not value:
        raise GatewayMisconfigured(f"The gateway does not send {name.decode()}.")
    return value.decode("latin-1")
