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
    from cryptography.hazmat.primitives.hashes import SHA256

PublicKey: TypeAlias = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey

_NUMBER = 32  # bytes of each half of an ES256 signature (RFC 7518 §3.4)
_SHA256 = SHA256()
_ECDSA = ec.ECDSA(_SHA256)
_PKCS1 = padding.PKCS1v15()
_PSS = padding.PSS(padding.MGF1(_SHA256), SHA256.digest_size)  # RFC 7518 §3.5


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
    if alg == "ES256":
        r, s = decode_dss_signature(key.sign(message, _ECDSA))
        signed = r.to_bytes(_NUMBER, "big") + s.to_bytes(_NUMBER, "big")
    elif alg == "RS256":
        signed = key.sign(message, _PKCS1, _SHA256)
    elif alg == "PS256":
        signed = key.sign(message, _PSS, _SHA256)
    else:
        signed = key.sign(message)
    return signed


def verify(
    alg: str,
    key: Any,  # noqa: ANN401 - a PublicKey of the kind for `alg`; a cast would cost a call
    message: bytes,
    signature: bytes,
) -> bool:
    """Return whether `signature` is one of `key` for `message` by `alg`, which must fit the key."""
    try:
        if alg == "ES256":
            if len(signature) != 2 * _NUMBER:
                return False
            r, s = signature[:_NUMBER], signature[_NUMBER:]
            der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            key.verify(der, message, _ECDSA)
        elif alg == "RS256":
            key.verify(signature, message, _PKCS1, _SHA256)
        elif alg == "PS256":
            key.verify(signature, message, _PSS, _SHA256)
        else:
            key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
