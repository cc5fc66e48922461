"""Time-based one-time passwords (RFC 6238): six digits, 30 seconds, HMAC-SHA-1."""

import hmac
import re
import secrets
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.hmac import HMAC

SECONDS = 30
DIGITS = 6
WINDOW = 1
"""How many steps a clock may be off: a code is accepted for 30 seconds before and after its own."""
_SECRET = 20  # bytes, as RFC 4226 §4 recommends
_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> bytes:
    """Return a new shared secret."""
    return secrets.token_bytes(_SECRET)


def step_of(now: datetime) -> int:
    """Return the number of the 30 seconds in which `now` is."""
    return int(now.timestamp()) // SECONDS


def code(secret: bytes, step: int) -> str:
    """Return the code of a step (RFC 4226 §5.3)."""
    # All authenticator apps know SHA-1, and many ignore that another one was asked for. An HMAC
    # does not need a hash that resists collisions.
    computed = HMAC(secret, SHA1())  # noqa: S303
    computed.update(step.to_bytes(8, "big"))
    digest = computed.finalize()
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: bytes, text: str, now: datetime, last_step: int) -> int | None:
    """Return the step of a code that is right now; None where it is wrong, or not after the last.

    A code works once, and none that is older than one that was used (RFC 6238 §5.2).
    """
    typed = "".join(text.split())
    if not _CODE.fullmatch(typed):
        return None
    present = step_of(now)
    steps = range(present - WINDOW, present + WINDOW + 1)
    matching = [step for step in steps if hmac.compare_digest(code(secret, step), typed)]
    return next((step for step in matching if step > last_step), None)


def key_text(secret: bytes) -> str:
    """Return the secret as people type it into an app: base32 in groups of four."""
    text = b32encode(secret).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def key_uri(secret: bytes, issuer: str, account: str) -> str:
    """Return what a QR code has, as authenticator apps read it."""
    label = quote(f"{issuer}:{account}")
    values = {
        "secret": b32encode(secret).decode(),
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": SECONDS,
    }
    return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}"
