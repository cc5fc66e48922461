"""Keys that sign for a pretended issuer, and JWTs written with them. Pure but for their making."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Literal, TypeAlias

from gatepass.extras import installed_by

with installed_by("gatepass[guard]"):
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

Algorithm: TypeAlias = Literal["ES256", "RS256"]

KID = "pretended"


class EcKey:
    """A new key for ES256."""

    alg: Algorithm = "ES256"

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def public(self) -> dict[str, object]:
        """Return what a JWK says of it beside its name and use (RFC 7518 §6.2)."""
        point = self._key.public_key().public_numbers()
        x, y = encode(point.x.to_bytes(32)), encode(point.y.to_bytes(32))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    def sign(self, message: bytes) -> bytes:
        """Sign as RFC 7518 §3.4 has it: both numbers, each 32 bytes long."""
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


class RsaKey:
    """A new key for RS256."""

    alg: Algorithm = "RS256"

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)

    def public(self) -> dict[str, object]:
        """Return what a JWK says of it beside its name and use (RFC 7518 §6.3)."""
        number = self._key.public_key().public_numbers()
        return {"kty": "RSA", "n": encode(number.n.to_bytes(256)), "e": "AQAB"}

    def sign(self, message: bytes) -> bytes:
        """Sign as RFC 7518 §3.3 has it."""
        return self._key.sign(message, padding.PKCS1v15(), SHA256())


SigningKey: TypeAlias = EcKey | RsaKey


def new_key(alg: Algorithm) -> SigningKey:
    """Make a key; raise ValueError for an algorithm that is not there."""
    kinds: dict[str, type[SigningKey]] = {"ES256": EcKey, "RS256": RsaKey}
    if alg not in kinds:
        raise ValueError("the algorithm is ES256 or RS256")
    return kinds[alg]()


def jwk(key: SigningKey) -> dict[str, object]:
    """Return the public key as a JWK Set has it (RFC 7517 §4)."""
    return {"kid": KID, "alg": key.alg, "use": "sig"} | key.public()


def signed(key: SigningKey, claims: Mapping[str, object]) -> str:
    """Write a JWT access token (RFC 9068 §2)."""
    message = f"{_part({'alg': key.alg, 'typ': 'at+jwt', 'kid': KID})}.{_part(claims)}"
    return f"{message}.{encode(key.sign(message.encode()))}"


def unsigned(claims: Mapping[str, object]) -> str:
    """Write a JWT that nobody has signed (RFC 7518 §3.6), which no guard may take."""
    return f"{_part({'alg': 'none', 'typ': 'at+jwt', 'kid': KID})}.{_part(claims)}."


def encode(octets: bytes) -> str:
    """Write base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _part(members: Mapping[str, object]) -> str:
    return encode(json.dumps(members, separators=(",", ":")).encode())
