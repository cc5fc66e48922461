"""New key pairs for clients. Loads cryptography."""

import json
from dataclasses import dataclass, field
from typing import Self

# Also says what to install where cryptography is missing.
from gatepass.client.keys.key_text import PrivateKey
from gatepass.jose.keys.public_key import ClientKey

ALGORITHMS = ("ES256", "ES384", "ES512", "Ed25519", "PS256", "PS384", "PS512", "RS256")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A new key pair as texts; `pem` and `jwk` are the private key and secrets."""

    alg: str
    kid: str
    pem: str = field(repr=False)
    jwk: str = field(repr=False)
    public_pem: str
    public_jwk: str
    is_usual: bool  # whether `alg` is what such a key signs with where nothing says otherwise

    @classmethod
    def generate(cls, alg: str, kid: str = "") -> Self:
        """Return a new pair for `alg`; its name is `kid`, or its thumbprint (RFC 7638)."""
        made = PrivateKey.generate(alg)
        usual = PrivateKey.from_pem(made.pem().encode()).alg
        named = {"kid": kid} if kid else {}
        public = made.public_jwk() | named
        return cls(
            made.alg,
            public["kid"],
            made.pem(),
            json.dumps(made.private_jwk() | named, indent=2) + "\n",
            ClientKey.from_jwk(public).pem(),
            json.dumps(public, indent=2),
            made.alg == usual,
        )
