"""The thumbprint of a public key (RFC 7638). Pure, without cryptography."""

import json
from collections.abc import Mapping
from hashlib import sha256

from gatepass.jose import base64url

_MEMBERS = {
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "RSA": ("e", "kty", "n"),
}


def thumbprint(jwk: Mapping[str, object]) -> str:
    """Return the SHA-256 thumbprint of a public JWK, of the members that make it (RFC 7638 §3).

    Raises ValueError for a kind of key that is not used, and where a member is missing.
    """
    names = _MEMBERS.get(str(jwk.get("kty")), ())
    members = {name: jwk[name] for name in names if name in jwk}
    if not names or len(members) < len(names):
        raise ValueError("not a public key of a kind that is used")
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url.encode(sha256(text.encode()).digest())
