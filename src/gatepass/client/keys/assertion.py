"""The assertion with which a client authenticates (RFC 7521 §4.2, RFC 7523 §2.2). Pure."""

import json
import secrets
from collections.abc import Mapping

from gatepass.client.keys.signing_key import SigningKey
from gatepass.jose import base64url

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME = 60  # seconds; servers accept 60 to 600, and clocks differ a little


def content(key: SigningKey, client_id: str, audience: str, at: float) -> str:
    """Return header and claims of a new assertion, to be signed; `at` is in Unix seconds.

    `aud` is one text (RFC 7523bis: several audiences were a way to attack), and `jti` is new.
    """
    now = int(at)
    header = {"alg": key.alg, "typ": "JWT"}
    if key.kid:
        header["kid"] = key.kid
    if key.certificate:
        header["x5t#S256"] = key.certificate
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(18),
        "iat": now,
        "exp": now + _LIFETIME,
    }
    return f"{_part(header)}.{_part(claims)}"


def joined(content: str, signature: bytes) -> str:
    """Return the assertion: its content and the signature of it."""
    return f"{content}.{base64url.encode(signature)}"


def _part(members: Mapping[str, object]) -> str:
    return base64url.encode(json.dumps(members, separators=(",", ":")).encode())
