"""Signatures (RFC 7518 §3, RFC 8037 §3.1), made and verified by `cryptography`. Pure."""

from typing import Any, TypeAlias

from gatepass.extras import installed_by

with installed_by("gatepass[guard]"):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
    from cryptography.hazmat.primitives.asymmetric.utils import (
        decode_dss_signature,
        encode_dss_signature,
    )
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

PublicKey: TypeAlias = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey

_SHA256, _SHA384, _SHA512 = SHA256(), SHA384(), SHA512()
_PKCS1 = padding.PKCS1v15()
_PSS = {  # the salt is as long as the digest (RFC 7518 §3.5)
    alg: (padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    for alg, digest in (("PS256", _SHA256), ("PS384", _SHA384), ("PS512", _SHA512))
}
CURVES = {  # bytes of each half of a signature (RFC 7518 §3.4), and how it is made
    "ES256": (32, ec.ECDSA(_SHA256)),
    "ES384": (48, ec.ECDSA(_SHA384)),
    "ES512": (66, ec.ECDSA(_SHA512)),
}


def p256(x: bytes, y: bytes) -> EllipticCurvePublicKey:
    """Return the key of a point; raise ValueError if it is not on the curve P-256."""
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
    )
    return numbers.public_key()


def ed25519(x: bytes) -> Ed25519PublicKey:
    """Return the key of 32 bytes."""
    return Ed25519PublicKey.from_public_bytes(x)


def rsa(modulus: int, exponent: int) -> RSAPublicKey:
    """Return the key of a modulus and an exponent; raise ValueError if they do not make one."""
    return RSAPublicNumbers(exponent, modulus).public_key()


def sign(
    alg: str,
    key: Any,  # noqa: ANN401 - a private key of the kind for `alg`
    message: bytes,
) -> bytes:
    """Return the signature of `key` for `message` by `alg`, which must fit the key."""
    signed: bytes
    if alg in CURVES:
        number, ecdsa = CURVES[alg]
        signed = joined(key.sign(message, ecdsa), number)
    elif alg == "RS256":
        signed = key.sign(message, _PKCS1, _SHA256)
    elif alg in _PSS:
        signed = key.sign(message, *_PSS[alg])
    else:
        signed = key.sign(message)
    return signed


def joined(der: bytes, number: int) -> bytes:
    """Return an ECDSA signature in DER as its two numbers, each of so many bytes (RFC 7518 §3.4).

    Hardware and key services sign in DER. Raises ValueError for what is no such signature.
    """
    r, s = decode_dss_signature(der)
    try:
        return r.to_bytes(number, "big") + s.to_bytes(number, "big")
    except OverflowError:
        raise ValueError("a number of the signature is too large for its curve") from None


def verify(
    alg: str,
    key: Any,  # noqa: ANN401 - a PublicKey of the kind for `alg`; a cast would cost a call
    message: bytes,
    signature: bytes,
) -> bool:
    """Return whether `signature` is one of `key` for `message` by `alg`, which must fit the key."""
    try:
        if alg in CURVES:
            number, ecdsa = CURVES[alg]
            if len(signature) != 2 * number:
                return False
            r, s = signature[:number], signature[number:]
            der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            key.verify(der, message, ecdsa)
        elif alg == "RS256":
            key.verify(signature, message, _PKCS1, _SHA256)
        elif alg in _PSS:
            key.verify(signature, message, *_PSS[alg])
        else:
            key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
