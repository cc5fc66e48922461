"""Private keys that clients sign with: generated, read and written as JWK and PEM. Pure."""

from collections.abc import Mapping

from gatepass.extras import installed_by
from gatepass.jose import base64url
from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.jose.keys.errors import UnusableKeyError
from gatepass.jose.keys.public_key import ClientKey, members_of
from gatepass.jose.signature import sign

with installed_by("gatepass[guard]"):
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

_RSA_BITS = 3072
_CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
_Private = ec.EllipticCurvePrivateKey | Ed25519PrivateKey | rsa.RSAPrivateKey


class PrivateKey:
    """A private key with the one algorithm that it signs with, and its name (`kid`).

    `kid` is its thumbprint (RFC 7638) unless given. `repr` never shows the key.
    """

    def __init__(self, private: _Private, alg: str = "", kid: str = "") -> None:
        public = ClientKey.from_jwk(members_of(private.public_key()))
        self.alg = OF_CLIENTS.get(alg or public.algorithms[0], "")
        if self.alg not in public.algorithms:
            fitting = ", ".join(public.algorithms)
            raise UnusableKeyError(
                "kind", f"the algorithm is not one for such a key, which signs by {fitting}"
            )
        self.kid = kid or public.thumbprint
        self._private = private
        self._members = public.members

    def __repr__(self) -> str:
        """Return which key it is."""
        return f"{type(self).__name__}({self.alg!r}, kid={self.kid!r})"

    @classmethod
    def generate(cls, alg: str) -> "PrivateKey":
        """Return a new key for one of `algorithms.OF_CLIENTS`; an RSA key has 3072 bits."""
        accepted = OF_CLIENTS.get(alg)
        if accepted in _CURVES:
            return cls(ec.generate_private_key(_CURVES[accepted]), accepted)
        if accepted == "Ed25519":
            return cls(Ed25519PrivateKey.generate(), accepted)
        if accepted is None:
            raise UnusableKeyError("kind", "the algorithm is not accepted")
        return cls(rsa.generate_private_key(65537, _RSA_BITS), accepted)

    @classmethod
    def from_pem(cls, text: bytes, alg: str = "", kid: str = "") -> "PrivateKey":
        """Read a private key in PEM, not encrypted; raise UnusableKeyError."""
        try:
            private = load_pem_private_key(text, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise UnusableKeyError("malformed", "it is not a private key in PEM") from None
        if not isinstance(private, _Private):
            raise UnusableKeyError("kind", "the key is of a kind that is not accepted")
        return cls(private, alg, kid)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> "PrivateKey":
        """Read a private JWK; raise UnusableKeyError."""
        alg, kid = jwk.get("alg", ""), jwk.get("kid", "")
        if not isinstance(alg, str) or not isinstance(kid, str):
            raise UnusableKeyError("malformed", "alg and kid are texts")
        try:
            key = cls(_private(jwk), alg, kid)
        except UnusableKeyError:
            raise
        except (ValueError, TypeError):
            raise UnusableKeyError("malformed", "the members make no private key") from None
        if any(jwk.get(name) != value for name, value in key._members.items()):
            raise UnusableKeyError("malformed", "private and public part are not of one key")
        return key

    def sign(self, message: bytes) -> bytes:
        """Return the signature for `message`."""
        return sign(self.alg, self._private, message)

    def public_jwk(self) -> dict[str, str]:
        """Return the public key as it is published (RFC 7517 §4)."""
        return {**self._members, "use": "sig", "alg": self.alg, "kid": self.kid}

    def private_jwk(self) -> dict[str, str]:
        """Return the private key as JWK: a secret."""
        return {**self.public_jwk(), **_private_members(self._private)}

    def pem(self) -> str:
        """Return the private key in PEM (PKCS #8, RFC 5208): a secret."""
        octets = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return octets.decode()


def _private(jwk: Mapping[str, object]) -> _Private:
    numbers = {
        name: int.from_bytes(base64url.decode(value))
        for name, value in jwk.items()
        if name in {"d", "p", "q", "dp", "dq", "qi", "n", "e"} and isinstance(value, str)
    }
    if "d" not in numbers:
        raise UnusableKeyError("malformed", "it has no private part")
    if jwk.get("kty") == "OKP":
        return Ed25519PrivateKey.from_private_bytes(base64url.decode(str(jwk["d"])))
    if jwk.get("kty") == "EC":
        curves = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
        return ec.derive_private_key(numbers["d"], _CURVES[_known(curves, jwk.get("crv"))])
    if jwk.get("kty") != "RSA":
        raise UnusableKeyError("kind", "the key is of a kind that is not accepted")
    if not {"p", "q", "dp", "dq", "qi", "n", "e"} <= numbers.keys():
        raise UnusableKeyError("malformed", "an RSA key needs n, e, d, p, q, dp, dq and qi")
    p, q, d, dp, dq, qi = (numbers[name] for name in ("p", "q", "d", "dp", "dq", "qi"))
    public = rsa.RSAPublicNumbers(numbers["e"], numbers["n"])
    return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key()


def _known(curves: Mapping[str, str], name: object) -> str:
    if not isinstance(name, str) or name not in curves:
        raise UnusableKeyError("kind", "the key is on a curve that is not accepted")
    return curves[name]


def _private_members(key: _Private) -> dict[str, str]:
    if isinstance(key, Ed25519PrivateKey):
        return {"d": base64url.encode(key.private_bytes_raw())}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        return {"d": base64url.encode(key.private_numbers().private_value.to_bytes(size))}
    found = key.private_numbers()
    named = {"d": found.d, "p": found.p, "q": found.q}
    named |= {"dp": found.dmp1, "dq": found.dmq1, "qi": found.iqmp}
    return {name: base64url.encode(_octets(value)) for name, value in named.items()}


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)
