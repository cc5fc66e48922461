"""Access tokens as JWTs (RFC 9068), for APIs that verify offline.

    base64url(header) . base64url(claims) . base64url(signature)      RFC 7515 §7.1

The header of a key's tokens is one text, made with the key, and the only one that is read
back: whatever else stands in that place, an `alg`, `typ` or `kid` that was changed, a `crit` or
`jwk` that was added, names no key. Claims and signature are read only as they are written.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from functools import lru_cache

from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from gatepass.server.domain.catalogue.model import Algorithm
from gatepass.server.tokens.claims import Claims

SigningJwk = ECKey | OKPKey | RSAKey

_KINDS: Mapping[Algorithm, type[SigningJwk]] = {
    "ES256": ECKey,
    "EdDSA": OKPKey,
    "PS256": RSAKey,
    "RS256": RSAKey,
}
_RSA_BITS = 2048


def generate(algorithm: Algorithm) -> bytes:
    """Make a private key for an algorithm; give it as PKCS #8 DER (RFC 5208)."""
    if algorithm == "ES256":
        return ECKey.generate_key("P-256").as_der(private=True)
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519").as_der(private=True)
    return RSAKey.generate_key(_RSA_BITS).as_der(private=True)


class SigningKey:
    """A private key with the header of its tokens."""

    def __init__(self, algorithm: Algorithm, der: bytes) -> None:
        self.algorithm = algorithm
        self._key = _KINDS[algorithm].import_key(der)
        self._algorithm: JWSAlgModel = JWSRegistry.algorithms[algorithm]
        self.kid = self._key.thumbprint()  # RFC 7638
        self.header = self._header("at+jwt")

    def public_jwk(self) -> dict[str, object]:
        """Give the public key as it is published (RFC 7517 §4)."""
        public = self._key.as_dict(private=False)
        return {**public, "use": "sig", "alg": self.algorithm, "kid": self.kid}

    def sign(self, payload: bytes, typ: str = "") -> str:
        """Give the JWS of a payload: an access token's, unless another `typ` is named."""
        header = self._header(typ) if typ else self.header
        content = f"{header}.{_encode(payload)}"
        return f"{content}.{_encode(self._algorithm.sign(content.encode(), self._key))}"

    def proves(self, content: bytes, signature: bytes) -> bool:
        """Tell whether this key signed the content."""
        return self._algorithm.verify(content, signature, self._key)

    def claims(self, token: str, issuer: str) -> Claims | None:
        """Give the claims of a token that this key has signed for `issuer`.

        The token's header must be this key's.
        """
        content, _, signature = token.rpartition(".")
        raw, payload = _decode(signature), _decode(content.partition(".")[2])
        if raw is None or payload is None or not self.proves(content.encode(), raw):
            return None
        said = json.loads(payload)
        return _claims(said) if said["iss"] == issuer else None

    def _header(self, typ: str) -> str:
        header = {"alg": self.algorithm, "typ": typ, "kid": self.kid}
        return _encode(json.dumps(header, separators=(",", ":")).encode())


def sign(
    claims: Claims, org_id: str, issuer: str, key: SigningKey, issued_at: int | None = None
) -> str:
    """Give the JWT of these claims (RFC 9068 §2.2); `org_id` is an extension of ours.

    Times are whole seconds; the milliseconds of the issue are part of `jti`. `issued_at` (Unix
    seconds) is what `iat` says, where that differs from the claims' own, and `exp` goes with it.
    """
    client_id = claims.application
    assert isinstance(client_id, str)  # noqa: S101 - only a sealed token names it otherwise
    start = _start(issuer, client_id, org_id, claims.scope, claims.audience)
    iat = claims.issued_at if issued_at is None else issued_at
    payload = f'{start},"iat":{iat},"exp":{iat + claims.lifetime},"jti":"{claims.jti}"}}'
    return key.sign(payload.encode())


def verify(token: str, keys: Mapping[str, SigningKey], issuer: str) -> Claims | None:
    """Give a JWT's claims, or None for anything that `sign` did not make with one of `keys`.

    `keys` are by the header of their tokens. Does NOT check expiry, revocation, or whether the
    application still exists.
    """
    key = keys.get(token.partition(".")[0])
    return key.claims(token, issuer) if key and token.isascii() else None


@lru_cache(maxsize=1024)
def _start(issuer: str, client_id: str, org_id: str, scope: str, audience: tuple[str, ...]) -> str:
    """Give the JSON of what all tokens of a grant have in common, still open."""
    common = {
        "iss": issuer,
        "sub": client_id,
        "client_id": client_id,
        "org_id": org_id,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "scope": scope,
    }
    return json.dumps(common, separators=(",", ":"))[:-1]


def _claims(said: Mapping[str, object]) -> Claims:
    """Read what `sign` wrote: the signature has shown that it did."""
    jti, audience = str(said["jti"]), said["aud"]
    listed = [audience] if isinstance(audience, str) else audience
    assert isinstance(listed, list)  # noqa: S101 - as `_start` wrote it
    issued_ms = int(jti[:12], 16)
    return Claims(
        application=str(said["client_id"]),
        token_id=bytes.fromhex(jti[12:]),
        issued_ms=issued_ms,
        lifetime=int(str(said["exp"])) - issued_ms // 1000,
        scope=str(said["scope"]),
        audience=tuple(listed),
    )


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes | None:
    """Read base64url without padding in its one written form (RFC 7515 §2)."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        return None
    return data if _encode(data) == text else None
