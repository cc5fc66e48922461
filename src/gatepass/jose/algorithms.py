"""The signature algorithms of JWTs (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864)."""

from types import MappingProxyType
from typing import Literal, get_args

Algorithm = Literal["ES256", "EdDSA", "PS256", "RS256"]
"""An algorithm that keys are generated for, as `alg` names it."""

ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)

# `alg` in a token or JWK -> the algorithm of the key. For an Ed25519 key, EdDSA (RFC 8037) and
# Ed25519 (RFC 9864) are the same. No other algorithm is accepted.
ACCEPTED = MappingProxyType(
    {"ES256": "ES256", "EdDSA": "Ed25519", "Ed25519": "Ed25519", "PS256": "PS256", "RS256": "RS256"}
)

CURVES = MappingProxyType({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"})
RSA = ("PS256", "PS384", "PS512", "RS256")
# As `ACCEPTED`, in what a client signs: assertions (RFC 7523) and DPoP proofs (RFC 9449).
OF_CLIENTS = MappingProxyType(
    {alg: alg for alg in (*CURVES, "Ed25519", *RSA)} | {"EdDSA": "Ed25519"}
)
