"""An issuer of JWT access tokens, on bare cryptography: no JOSE library judges its own work."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gatepass.guard import Expectation, KeySet, Principal, verify

ISSUER = "https://app.example.com"
API = "https://api.example.com"
NOW = 1_800_000_000
EXPECT = Expectation(ISSUER, API)
ALGORITHMS = ("ES256", "EdDSA", "PS256", "RS256")

_PSS = padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)


def encode(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def claims(**changed: object) -> dict[str, object]:
    """Return good claims, with members changed or added."""
    return {
        "iss": ISSUER,
        "aud": API,
        "sub": "acme-billing",
        "client_id": "acme-billing",
        "iat": NOW - 60,
        "exp": NOW + 60,
        "jti": "token-id",
        "scope": "read write",
        "org_id": "7c9e6679",
    } | changed


def header(alg: str, /, **changed: object) -> dict[str, object]:
    """Return a good header, with members changed or added."""
    return {"alg": alg, "typ": "at+jwt", "kid": f"{alg}-key"} | changed


class Issuer:
    """One key for each algorithm, with names that any other issuer uses as well."""

    def __init__(self) -> None:
        self.es256 = ec.generate_private_key(ec.SECP256R1())
        self.eddsa = ed25519.Ed25519PrivateKey.generate()
        self.ps256 = rsa.generate_private_key(65537, 2048)
        self.rs256 = rsa.generate_private_key(65537, 2048)
        self._signers: dict[str, Callable[[bytes], bytes]] = {
            "ES256": self._es256,
            "EdDSA": self.eddsa.sign,
            "PS256": lambda message: self.ps256.sign(message, _PSS, SHA256()),
            "RS256": lambda message: self.rs256.sign(message, padding.PKCS1v15(), SHA256()),
            # The right key with the wrong scheme.
            "PS256 as RS256": lambda message: self.ps256.sign(
                message, padding.PKCS1v15(), SHA256()
            ),
            "RS256 as PS256": lambda message: self.rs256.sign(message, _PSS, SHA256()),
        }

    def jwk(self, alg: str) -> dict[str, object]:
        """Return the public key for `alg`."""
        named: dict[str, object] = {"kid": f"{alg}-key", "alg": alg, "use": "sig"}
        if alg == "ES256":
            point = self.es256.public_key().public_numbers()
            x, y = encode(point.x.to_bytes(32)), encode(point.y.to_bytes(32))
            return {"kty": "EC", "crv": "P-256", "x": x, "y": y} | named
        if alg == "EdDSA":
            x = encode(self.eddsa.public_key().public_bytes_raw())
            return {"kty": "OKP", "crv": "Ed25519", "x": x} | named
        key = self.ps256 if alg == "PS256" else self.rs256
        number = key.public_key().public_numbers()
        return {"kty": "RSA", "n": encode(number.n.to_bytes(256)), "e": "AQAB"} | named

    @cached_property
    def keys(self) -> KeySet:
        return KeySet.parse({"keys": [self.jwk(alg) for alg in ALGORITHMS]})

    def sign(self, header: bytes, payload: bytes, signer: str) -> str:
        """Sign any header and payload with the key and scheme that `signer` names."""
        message = f"{encode(header)}.{encode(payload)}"
        return f"{message}.{encode(self._signers[signer](message.encode()))}"

    def token(
        self,
        alg: str,
        head: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        signer: str = "",
    ) -> str:
        """Return a token, a good one unless `head`, `body` or `signer` make it a bad one."""
        head = header(alg) if head is None else head
        body = claims() if body is None else body
        return self.sign(dump(head), dump(body), signer or alg)

    def verify(self, token: str, now: float = NOW) -> Principal:
        return verify(token, self.keys, EXPECT, now)

    def _es256(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self.es256.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)
