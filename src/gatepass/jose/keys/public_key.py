"""Public keys that clients register: as JWK, JWK Set (RFC 7517) or PEM (RFC 7468). Pure.

Unlike those of an issuer (`jose/jwks.py`), they may have no `kid`, and sign with any algorithm of
`algorithms.OF_CLIENTS` that fits them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from gatepass.extras import installed_by
from gatepass.jose import base64url, strict_json
from gatepass.jose.algorithms import CURVES, OF_CLIENTS, RSA
from gatepass.jose.keys import private_part, roca
from gatepass.jose.keys.errors import UnusableKeyError
from gatepass.jose.signature import PublicKey, ed25519, verify
from gatepass.jose.signature import rsa as rsa_key
from gatepass.jose.thumbprint import thumbprint

with installed_by("gatepass[guard]"):
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_public_key,
    )

LONGEST_DOCUMENT = 64 * 1024  # bytes
LONGEST_KID = 256  # characters
MOST_KEYS = 64
_MOST_BRACKETS = 512  # of a document: bounds its depth, and the work for it

_CURVE_OF = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_ALG_OF = {curve: alg for alg, curve in CURVES.items()}
_OCTETS = {"P-256": 32, "P-384": 48, "P-521": 66}
# bits; RFC 7518 §3.3 sets the lower bound, the cost of verifying the upper
_MODULUS = range(2048, 8192 + 1)
_EXPONENT = range(2**16 + 1, 2**32, 2)
MODULUS_OCTETS = range(2048 // 8, 8192 // 8 + 1)  # bytes of a modulus, and so of a signature


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A public key with its name (`kid`, "" without) and the algorithms that it verifies.

    `members` are those of the JWK that make the key, so two keys with the same are the same key.
    """

    kid: str
    algorithms: tuple[str, ...]
    members: Mapping[str, str] = field(repr=False)
    public: PublicKey = field(repr=False, compare=False)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> Self:
        """Read a public JWK; raise UnusableKeyError.

        Accepts EC keys on P-256, P-384 and P-521, Ed25519 keys, and RSA keys of 2048 to 8192
        bits. A key that names its `alg` verifies that alone (RFC 8725 §3.1).
        """
        if not private_part.MEMBERS.isdisjoint(jwk) or jwk.get("kty") == "oct":
            raise UnusableKeyError("private", "the key has a private or a symmetric part")
        kid = jwk.get("kid", "")
        if not isinstance(kid, str) or len(kid) > LONGEST_KID or not kid.isprintable():
            raise UnusableKeyError("malformed", "kid is not a text of at most 256 characters")
        _check_purpose(jwk)
        try:
            public, algorithms = _read(jwk)
            members = members_of(public)
        except UnusableKeyError:
            raise
        except ValueError as error:
            raise UnusableKeyError("malformed", f"the members make no key: {error}") from None
        return cls(kid, _chosen(jwk, algorithms), MappingProxyType(members), public)

    @classmethod
    def from_pem(cls, text: bytes) -> Self:
        """Read a public key in PEM (SubjectPublicKeyInfo or PKCS #1); raise UnusableKeyError."""
        if b"PRIVATE KEY-----" in text:
            raise UnusableKeyError("private", "it is a private key")
        if b"-----BEGIN CERTIFICATE" in text:
            raise UnusableKeyError("certificate", "it is a certificate, not a public key")
        if len(text) > LONGEST_DOCUMENT or text.count(b"-----BEGIN ") != 1:
            raise UnusableKeyError("malformed", "it is not one public key in PEM")
        try:
            public = load_pem_public_key(text)
        except (ValueError, UnsupportedAlgorithm):
            raise UnusableKeyError("malformed", "it is not a public key in PEM") from None
        if not isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey | Ed25519PublicKey):
            raise UnusableKeyError("kind", "the key is of a kind that is not accepted")
        return cls.from_jwk(members_of(public))

    @property
    def thumbprint(self) -> str:
        """Return the SHA-256 thumbprint of the key (RFC 7638)."""
        return thumbprint(self.members)

    def fits(self, alg: str, signature: bytes) -> bool:
        """Return whether a signature by `alg` may be one of this key's; nothing is verified.

        One of RSA is as long as the modulus, and smaller (RFC 8017 §8.1.2): it is refused before
        the work, which others of this length cost.
        """
        if alg not in self.algorithms:
            return False
        if not isinstance(self.public, rsa.RSAPublicKey):
            return True
        if len(signature) != (self.public.key_size + 7) // 8:
            return False
        return int.from_bytes(signature) < self.public.public_numbers().n

    def verify(self, alg: str, message: bytes, signature: bytes) -> bool:
        """Return whether `signature` is one of this key's for `message`, by an algorithm of it."""
        return alg in self.algorithms and verify(alg, self.public, message, signature)

    def jwk(self) -> dict[str, str]:
        """Return the key as it is published (RFC 7517 §4)."""
        alg = {"alg": self.algorithms[0]} if len(self.algorithms) == 1 else {}
        return {**self.members, **({"kid": self.kid} if self.kid else {}), **alg, "use": "sig"}

    def pem(self) -> str:
        """Return the key in PEM (SubjectPublicKeyInfo)."""
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_keys(text: bytes) -> list[ClientKey]:
    """Read what a person pastes: a JWK, a JWK Set, or a public key in PEM.

    Raises UnusableKeyError, also if one of several keys is not usable; for a text with a private
    key always that.
    """
    text = text.strip()
    if private_part.is_in(text):
        raise UnusableKeyError("private", "there is a private key in it")
    if text.startswith(b"-----"):
        return [ClientKey.from_pem(text)]
    document = _document(text)
    if "keys" not in document:
        return [ClientKey.from_jwk(document)]
    return _distinct([ClientKey.from_jwk(each) for each in _listed(document)])


def read_key_set(text: bytes) -> list[ClientKey]:
    """Read a JWK Set that a client publishes; keys that are not usable are left out.

    Raises UnusableKeyError for a set that cannot be trusted: malformed, with a private or
    symmetric key, with two keys of one name, or without a usable key (RFC 7517 §5).
    """
    found, faults = [], []
    for each in _listed(_document(text)):
        try:
            found.append(ClientKey.from_jwk(each))
        except UnusableKeyError as error:
            if error.fault == "private":
                raise
            faults.append(str(error))
    if not found:
        reasons = "; ".join(faults[:3]) or "it is empty"
        raise UnusableKeyError("number", f"the key set has no usable key: {reasons}")
    return _distinct(found)


def members_of(key: PublicKey) -> dict[str, str]:
    """Return the members of a JWK that make a public key (RFC 7518 §6, RFC 8037 §2).

    Raises UnusableKeyError for a curve that is not accepted.
    """
    if isinstance(key, ec.EllipticCurvePublicKey):
        curve = next((name for name, each in _CURVE_OF.items() if each.name == key.curve.name), "")
        if not curve:
            raise UnusableKeyError("kind", "the key is on a curve that is not accepted")
        point, size = key.public_numbers(), _OCTETS[curve]
        x, y = (base64url.encode(each.to_bytes(size)) for each in (point.x, point.y))
        return {"kty": "EC", "crv": curve, "x": x, "y": y}
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _as_text(numbers.n), "e": _as_text(numbers.e)}
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(key.public_bytes_raw())}


def _document(text: bytes) -> dict[str, object]:
    if len(text) > LONGEST_DOCUMENT or text.count(b"{") + text.count(b"[") > _MOST_BRACKETS:
        raise UnusableKeyError("malformed", f"it is longer than {LONGEST_DOCUMENT} bytes")
    try:
        return strict_json.read_object(text)
    except ValueError:
        raise UnusableKeyError("malformed", "it is neither JSON nor PEM") from None


def _listed(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    listed = document.get("keys")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise UnusableKeyError("malformed", "keys is not a list of keys")
    if not 0 < len(listed) <= MOST_KEYS:
        raise UnusableKeyError("number", f"there are not 1 to {MOST_KEYS} keys")
    return listed


def _distinct(keys: list[ClientKey]) -> list[ClientKey]:
    names = [(key.kid, key.members["kty"]) for key in keys if key.kid]
    if len(names) != len(set(names)):
        raise UnusableKeyError("number", "two keys of one type have the same kid")
    return keys


def _check_purpose(jwk: Mapping[str, object]) -> None:
    """Raise for a key that is not for verifying signatures (RFC 7517 §4.2, §4.3)."""
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig":
        raise UnusableKeyError("purpose", "use is not sig")
    if not isinstance(operations, list) or "verify" not in operations:
        raise UnusableKeyError("purpose", "key_ops has no verify")


def _chosen(jwk: Mapping[str, object], algorithms: tuple[str, ...]) -> tuple[str, ...]:
    alg = jwk.get("alg")
    if alg is None:
        return algorithms
    accepted = OF_CLIENTS.get(alg) if isinstance(alg, str) else None
    if accepted not in algorithms:
        raise UnusableKeyError("kind", "alg is not one that is accepted for such a key")
    return (accepted,)


def _read(jwk: Mapping[str, object]) -> tuple[PublicKey, tuple[str, ...]]:
    kty, curve = jwk.get("kty"), jwk.get("crv")
    if kty == "EC" and isinstance(curve, str) and curve in _CURVE_OF:
        x, y = (int.from_bytes(_octets(jwk, name, _OCTETS[curve])) for name in ("x", "y"))
        numbers = ec.EllipticCurvePublicNumbers(x, y, _CURVE_OF[curve])
        return numbers.public_key(), (_ALG_OF[curve],)
    if kty == "OKP" and curve == "Ed25519":
        return ed25519(_octets(jwk, "x", 32)), ("Ed25519",)
    if kty == "RSA":
        modulus, exponent = _number(jwk, "n"), _number(jwk, "e")
        _check_strong(modulus, exponent)
        return rsa_key(modulus, exponent), RSA
    raise UnusableKeyError("kind", "the key is of a kind that is not accepted")


def _check_strong(modulus: int, exponent: int) -> None:
    if modulus.bit_length() not in _MODULUS or modulus % 2 == 0:
        raise UnusableKeyError("weak", "the modulus is not an odd number of 2048 to 8192 bits")
    if exponent not in _EXPONENT:
        raise UnusableKeyError("weak", "the exponent is not an odd number from 65537 to 2**32")
    if roca.is_vulnerable(modulus):
        raise UnusableKeyError("weak", "the key has the ROCA flaw")


def _octets(jwk: Mapping[str, object], name: str, size: int) -> bytes:
    octets = base64url.decode(_text(jwk, name))
    if len(octets) != size:
        raise ValueError(f"{name} does not have {size} octets")
    return octets


def _number(jwk: Mapping[str, object], name: str) -> int:
    """Read a Base64urlUInt, which has no leading zeros (RFC 7518 §2)."""
    octets = base64url.decode(_text(jwk, name))
    if octets[:1] in {b"", b"\0"}:
        raise ValueError("a number is empty or begins with a zero octet")
    return int.from_bytes(octets)


def _text(jwk: Mapping[str, object], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is missing or not a string")
    return value


def _as_text(number: int) -> str:
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8))
