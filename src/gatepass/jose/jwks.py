"""The public keys of an issuer, read from its JWK Set (RFC 7517). Pure; fetches nothing.

Only keys that can verify an access token are read: one key, one name, one algorithm (RFC 8725
§3.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self, TypeAlias

from gatepass.jose import base64url, strict_json
from gatepass.jose.algorithms import ACCEPTED
from gatepass.jose.keys import roca
from gatepass.jose.signature import PublicKey, ed25519, p256, rsa, verify

LONGEST_DOCUMENT = 64 * 1024  # bytes
MOST_KEYS = 64
LONGEST_KID = 256  # characters

_Jwk: TypeAlias = Mapping[str, object]

# Members that only private and symmetric keys have (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_COORDINATE = 32  # bytes, on P-256 and Ed25519 alike
# bits; RFC 7518 §3.3 sets the lower bound, the cost of verifying the upper
_MODULUS = range(2048, 8192 + 1)
_EXPONENT = range(2**16 + 1, 2**32, 2)


@dataclass(frozen=True, slots=True)
class Key:
    """A public key with its name (`kid`) and the one algorithm that it verifies.

    Keys are equal if they have the same name, algorithm and `material`, the members of the JWK
    that make the key.
    """

    kid: str
    alg: str
    material: tuple[str, ...] = field(repr=False)
    public: PublicKey = field(repr=False, compare=False)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Return whether `signature` is one of this key's for `message`."""
        return verify(self.alg, self.public, message, signature)


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys by name; `skipped` lists for the log which were left out, and why.

    If keys of different types share a name (RFC 7517 §4.5), `keys` has the first, and `others`
    has the others by name and algorithm.
    """

    keys: Mapping[str, Key]
    skipped: tuple[str, ...] = ()
    others: Mapping[tuple[str, str], Key] = field(default_factory=dict)

    @classmethod
    def parse(cls, document: bytes | Mapping[str, object]) -> Self:
        """Read a JWK Set, from its text or from parsed JSON.

        Accepts EC keys on P-256 (ES256), Ed25519 keys (EdDSA), and RSA keys of 2048 to 8192 bits
        (RS256, or PS256 if `alg` says so). Other keys, those for encryption, those without
        `kid` and weak or malformed ones are skipped (RFC 7517 §5).

        Raises ValueError for a document that cannot be trusted at all: malformed or over its
        limits, two keys of one name and type, a published private or symmetric key. Also if no
        key is left. Does NOT check where the document came from, nor its age.
        """
        keys: dict[str, Key] = {}
        others: dict[tuple[str, str], Key] = {}
        skipped = []
        for number, jwk in enumerate(_checked(_listed(document)), 1):
            try:
                key = _read(jwk)
                if keys.setdefault(key.kid, key) is not key:
                    others[key.kid, key.alg] = key
            except ValueError as error:
                skipped.append(f"key {number}: {error}")
        if not keys:
            reasons = "; ".join(skipped) or "it is empty"
            raise ValueError(f"the key set has no key that can verify a token: {reasons}")
        return cls(MappingProxyType(keys), tuple(skipped), MappingProxyType(others))

    def get(self, kid: str, alg: str | None = None) -> Key | None:
        """Return the key named `kid`, or None; of several the one for `alg`, else the first."""
        first = self.keys.get(kid)
        if first is None or first.alg == alg or not self.others:
            return first
        return self.others.get((kid, alg or ""), first)


def _listed(document: bytes | Mapping[str, object]) -> list[_Jwk]:
    if isinstance(document, bytes):
        if len(document) > LONGEST_DOCUMENT:
            raise ValueError(f"the key set is longer than {LONGEST_DOCUMENT} bytes")
        document = strict_json.read_object(document)
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ValueError(f"the key set has no list of at most {MOST_KEYS} keys")
    if not all(isinstance(jwk, Mapping) for jwk in listed):
        raise ValueError("a key in the key set is not an object")
    return listed


def _checked(listed: list[_Jwk]) -> list[_Jwk]:
    """Return the keys; raise ValueError if one error shows that the set cannot be trusted."""
    kids = [(jwk["kid"], str(jwk.get("kty"))) for jwk in listed if isinstance(jwk.get("kid"), str)]
    if len(kids) != len(set(kids)):
        raise ValueError("two keys of one type in the key set have the same kid")
    if any(jwk.get("kty") == "oct" or not _PRIVATE.isdisjoint(jwk) for jwk in listed):
        raise ValueError("the key set publishes a private or a symmetric key")
    return listed


def _read(jwk: _Jwk) -> Key:
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID:
        raise ValueError("without a usable kid")
    _check_purpose(jwk)
    public, algorithms, material = _material(jwk)
    # Without `alg` a key is for the first of its algorithms, and for no other.
    alg = jwk.get("alg", algorithms[0])
    accepted = ACCEPTED.get(alg) if isinstance(alg, str) else None
    if accepted not in algorithms:
        raise ValueError("alg is not one that is accepted for such a key")
    return Key(kid, accepted, material, public)


def _check_purpose(jwk: _Jwk) -> None:
    """Raise ValueError for a key that is not for verifying signatures (RFC 7517 §4.2, §4.3)."""
    if jwk.get("use", "sig") != "sig":
        raise ValueError("use is not sig")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or operations.count("verify") != 1:
        raise ValueError("key_ops has no verify")


def _material(jwk: _Jwk) -> tuple[PublicKey, tuple[str, ...], tuple[str, ...]]:
    """Return the key, the algorithms that fit its kind, and the members that make it.

    Raises ValueError for a point that is not on its curve and for a weak RSA key.
    """
    kind = (jwk.get("kty"), jwk.get("crv"))
    if kind == ("EC", "P-256"):
        x, y = _text(jwk, "x"), _text(jwk, "y")
        return p256(_coordinate(x, "x"), _coordinate(y, "y")), ("ES256",), (x, y)
    if kind == ("OKP", "Ed25519"):
        x = _text(jwk, "x")
        return ed25519(_coordinate(x, "x")), ("Ed25519",), (x,)
    if kind == ("RSA", None):
        n, e = _text(jwk, "n"), _text(jwk, "e")
        modulus, exponent = _number(n), _number(e)
        _check_strong(modulus, exponent)
        return rsa(modulus, exponent), ("RS256", "PS256"), (n, e)
    raise ValueError("of a kind that is not accepted")


def _check_strong(modulus: int, exponent: int) -> None:
    if modulus.bit_length() not in _MODULUS or modulus % 2 == 0:
        raise ValueError("the modulus is not an odd number of 2048 to 8192 bits")
    if exponent not in _EXPONENT:
        raise ValueError("the public exponent is not an odd number from 65537 to 2**32")
    if roca.is_vulnerable(modulus):
        raise ValueError("the key has the ROCA flaw")


def _number(text: str) -> int:
    """Read a Base64urlUInt, which has no leading zeros (RFC 7518 §2)."""
    octets = base64url.decode(text)
    if octets[:1] in {b"", b"\0"}:
        raise ValueError("a number is empty or begins with a zero octet")
    return int.from_bytes(octets)


def _coordinate(text: str, name: str) -> bytes:
    octets = base64url.decode(text)
    if len(octets) != _COORDINATE:
        raise ValueError(f"{name} does not have {_COORDINATE} octets")
    return octets


def _text(jwk: _Jwk, name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is missing or not a string")
    return value
