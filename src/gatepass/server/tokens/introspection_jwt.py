"""Introspection responses as signed JWTs (RFC 9701): which caller gets one, and how it is made."""

import json

from gatepass.jose.signing import SigningKey
from gatepass.server.http import Response

TYPE = "token-introspection+jwt"
_MEDIA_TYPE = f"application/{TYPE}".encode()
_JSON = b"application/json"
_HEADERS = (
    (b"content-type", _MEDIA_TYPE),
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
)


def is_preferred(accept: bytes) -> bool:
    """Return whether an Accept header names the signed form, and JSON not before it (§4)."""
    if TYPE.encode() not in accept.lower():
        return False
    ranges = dict(map(_range, accept.lower().split(b",")))
    quality = ranges.get(_MEDIA_TYPE, 0.0)
    return quality > 0 and quality >= ranges.get(_JSON, 0.0)


def _range(text: bytes) -> tuple[bytes, float]:
    """Return a media range without parameters, and its weight (RFC 9110 §12.4.2)."""
    name, *parameters = (each.strip() for each in text.split(b";"))
    weight = next((each[2:] for each in parameters if each.startswith(b"q=")), b"1")
    try:
        return name, float(weight)
    except ValueError:
        return name, 0.0


def signed_response(
    plain: Response, issuer: str, audience: str, now: float, key: SigningKey
) -> Response:
    """Return the signed form (§5) of a plain response, for the caller `audience` (its client id).

    It has a type of its own and neither `sub` nor `exp`, so that nothing takes it for an access
    token (§8.1). It is made for each request, as `iat` is when the state was read.
    """
    claims = {"iss": issuer, "aud": audience, "iat": int(now)}
    start = json.dumps(claims, separators=(",", ":"))[:-1]
    payload = f'{start},"token_introspection":{plain.body.decode()}}}'
    return Response(200, _HEADERS, key.sign(payload.encode(), typ=TYPE).encode())
