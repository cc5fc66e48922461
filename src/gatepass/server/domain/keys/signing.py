"""Private keys that sign JWTs (RFC 7515), and their public form (RFC 7517)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping

from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from gatepass.server.domain.token_policy import Algorithm

SigningJwk = ECKey | OKPKey | RSAKey

_KINDS: Mapping[Algorithm, type[SigningJwk]] = {
    "ES256": ECKey,
    "EdDSA": OKPKey,
    "PS256": RSAKey,
    "RS256": RSAKey,
}
_RSA_BITS = 2048


def generate(algorithm: Algorithm) -> bytes:
    """Return a new private key for an algorithm, as PKCS #8 DER (RFC 5208)."""
    if algorithm == "ES256":
        return ECKey.generate_key("P-256").as_der(private=True)
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519").as_der(private=True)
    return RSAKey.generate_key(_RSA_BITS).as_der(private=True)


class SigningKey:
    """A private key with the protected header of its access tokens."""

    def __init__(self, algorithm: Algorithm, der: bytes) -> None:
        self.algorithm = algorithm
        self._key = _KINDS[algorithm].import_key(der)
        self._algorithm: JWSAlgModel = JWSRegistry.algorithms[algorithm]
        self.kid = self._key.thumbprint()  # RFC 7638
        self.header = self._header("at+jwt")

    def public_jwk(self) -> dict[str, object]:
        """Return the public key as it is published (RFC 7517 §4)."""
        public = self._key.as_dict(private=False)
        return {**public, "use": "sig", "alg": self.algorithm, "kid": self.kid}

    def sign(self, payload: bytes, typ: str = "") -> str:
        """Return the JWS of a payload (RFC 7515 §7.1); without `typ` it is an access token's."""
        header = self._header(typ) if typ else self.header
        content = f"{header}.{_encode(payload)}"
        return f"{content}.{_encode(self._algorithm.sign(content.encode(), self._key))}"

    def verify(self, content: bytes, signature: bytes) -> bool:
        """Return whether this key signed the content."""
        return self._algorithm.verify(content, signature, self._key)

    def payload(self, token: str) -> bytes | None:
        """Return the payload of a JWS that this key has signed, None for any other text.

        The caller has compared the token's header with this key's.
        """
        content, _, signature = token.rpartition(".")
        raw, payload = _decode(signature), _decode(content.partition(".")[2])
        if raw is None or payload is None or not self.verify(content.encode(), raw):
            return None
        return payload

    def _header(self, typ: str) -> str:
        header = {"alg": self.algorithm, "typ": typ, "kid": self.kid}
        return _encode(json.dumps(header, separators=(",", ":")).encode())


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes | None:
    """Decode base64url without padding (RFC 7515 §2); return None for any non-canonical text."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        return None
    return data if _encode(data) == text else None
