"""Private keys, and the JWSs signed with them in the compact form (RFC 7515 §7.1)."""

import json

from gatepass.extras import installed_by
from gatepass.jose import base64url, signature
from gatepass.jose.algorithms import ALGORITHMS, Algorithm
from gatepass.jose.thumbprint import thumbprint

with installed_by("gatepass[guard]"):
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_der_private_key,
    )

_RSA_BITS = 2048
_RSA_EXPONENT = 65537
_COORDINATE = 32  # bytes, on P-256


def generate(algorithm: Algorithm) -> bytes:
    """Return a new private key for `algorithm`, as PKCS #8 DER (RFC 5208).

    Raises ValueError for an algorithm that is not one of ALGORITHMS.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"the algorithm is one of {', '.join(ALGORITHMS)}")
    key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey | rsa.RSAPrivateKey
    if algorithm == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    elif algorithm == "EdDSA":
        key = Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


class SigningKey:
    """A private key (PKCS #8 DER) with the one algorithm that it signs with.

    `kid` is its thumbprint (RFC 7638) unless given. `header` is the header of the access tokens
    that it signs, encoded; `bound_header` that of those that are bound to a key or certificate.
    """

    def __init__(self, algorithm: Algorithm, der: bytes, kid: str = "") -> None:
        self.algorithm = algorithm
        private = load_der_private_key(der, None)
        self._private = private
        self._public = private.public_key()
        self._members = _members(self._public)
        self.kid = kid or thumbprint(self._members)
        self._headers: dict[str, str] = {}  # by type
        self.header = self._header("at+jwt")
        self.bound_header = _encode({"typ": "at+jwt", "alg": algorithm, "kid": self.kid})

    def public_jwk(self) -> dict[str, str]:
        """Return the public key as it is published (RFC 7517 §4)."""
        return {**self._members, "use": "sig", "alg": self.algorithm, "kid": self.kid}

    def sign(self, payload: bytes, typ: str = "at+jwt", *, is_bound: bool = False) -> str:
        """Return the JWS of `payload`; `typ` (RFC 7515 §4.1.9) is an access token's by default.

        `is_bound`: it is an access token with `cnf`, and has their header.
        """
        header = self.bound_header if is_bound else self._header(typ)
        content = f"{header}.{base64url.encode(payload)}"
        signed = signature.sign(self.algorithm, self._private, content.encode())
        return f"{content}.{base64url.encode(signed)}"

    def verify(self, message: bytes, signed: bytes) -> bool:
        """Return whether `signed` is a signature of this key for `message`."""
        return signature.verify(self.algorithm, self._public, message, signed)

    def _header(self, typ: str) -> str:
        """Return the encoded header; the few types that one program signs are kept."""
        found = self._headers.get(typ)
        if found is None:
            found = self._headers[typ] = encode_header(self.algorithm, typ, self.kid)
        return found


def encode_header(alg: str, typ: str, kid: str) -> str:
    """Return a JOSE header (RFC 7515 §4.1), encoded."""
    return _encode({"alg": alg, "typ": typ, "kid": kid})


def _encode(header: dict[str, str]) -> str:
    return base64url.encode(json.dumps(header, separators=(",", ":")).encode())


def _members(key: object) -> dict[str, str]:
    """Return the members of a JWK that make the public key (RFC 7518 §6, RFC 8037 §2)."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        x, y = (base64url.encode(number.to_bytes(_COORDINATE)) for number in (point.x, point.y))
        return {"crv": "P-256", "x": x, "y": y, "kty": "EC"}
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"n": _number(numbers.n), "e": _number(numbers.e), "kty": "RSA"}
    assert isinstance(key, Ed25519PublicKey)  # noqa: S101 - `generate` makes no other
    return {"crv": "Ed25519", "x": base64url.encode(key.public_bytes_raw()), "kty": "OKP"}


def _number(value: int) -> str:
    """Return a Base64urlUInt (RFC 7518 §2)."""
    return base64url.encode(value.to_bytes((value.bit_length() + 7) // 8))
