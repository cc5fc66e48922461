"""Placeholder keys, which nobody has, to verify a signature where there is no key for it. Pure.

So a refusal costs the same, whether a client has a key or not.
"""

import secrets
from functools import cache

from gatepass.jose import base64url
from gatepass.jose.algorithms import CURVES
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import MODULUS_OCTETS, ClientKey

_SMALLEST = MODULUS_OCTETS[0]
_EXPONENT = base64url.encode((65537).to_bytes(3))


def placeholder_key(alg: str, signature: bytes) -> ClientKey:
    """Return a key for `alg` that takes as long to verify `signature` as any other that fits it.

    The time of an RSA signature is that of its length, which is the length of the modulus.
    """
    if alg in CURVES or alg == "Ed25519":
        return _of_curve(alg)
    size = len(signature)
    return _of_modulus(size if size in MODULUS_OCTETS else _SMALLEST)


@cache  # four algorithms
def _of_curve(alg: str) -> ClientKey:
    return ClientKey.from_jwk(PrivateKey.generate(alg).public_jwk())


@cache  # as many as `MODULUS_OCTETS`, of about 4 KiB each
def _of_modulus(size: int) -> ClientKey:
    """Return a key with a modulus of `size` bytes, whose factors are not known to anyone either.

    Its first bits are ones: a signature that is no smaller is no signature of any key of this
    length, and is refused by each of them without work.
    """
    modulus = b"\xff" * 8 + secrets.token_bytes(size - 9) + bytes([secrets.randbits(8) | 1])
    n = base64url.encode(modulus)
    return ClientKey.from_jwk({"kty": "RSA", "n": n, "e": _EXPONENT})
