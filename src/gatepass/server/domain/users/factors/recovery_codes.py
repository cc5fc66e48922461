"""Recovery codes: 120 random bits each, of which only the digest is kept, and which work once."""

import secrets
from base64 import b32encode
from hashlib import sha256
from uuid import UUID

from gatepass.wire.secret import Secret

NUMBER = 10
_BYTES = 15
_GROUP = 4  # characters
_MISREAD = str.maketrans({"0": "o", "1": "l", "8": "b"})  # base32 has none of these digits


def generate() -> tuple[Secret, ...]:
    """Return new codes, as six groups of four characters."""
    return tuple(Secret(_grouped(secrets.token_bytes(_BYTES))) for _ in range(NUMBER))


def digest(user_id: UUID, code: Secret) -> bytes:
    """Return what is kept of a person's code, however it is spelled."""
    typed = "".join(char for char in code.value.lower() if char.isalnum())
    return sha256(user_id.bytes + typed.translate(_MISREAD).encode()).digest()


def _grouped(code: bytes) -> str:
    text = b32encode(code).decode().lower()
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
