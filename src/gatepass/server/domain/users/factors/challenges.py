"""Challenges of passkeys: nothing is stored until one was answered, so pages can have them freely.

A challenge is its end and 128 random bits, encrypted for one purpose and one owner: a session, a
login that waits for its second step, or a browser. Once it was answered, its digest is kept until
it would have expired (`store.use_challenge`), so that no answer works twice.
"""

import secrets
from datetime import datetime, timedelta
from typing import Literal

from gatepass.server.domain.users.model import InvalidField
from gatepass.server.storage.master_key import MasterKey, MasterKeyError
from gatepass.server.storage.timestamps import EPOCH, milliseconds
from gatepass.translation.message import Message

Purpose = Literal["add", "prove", "log_in"]
LIFETIME = timedelta(minutes=10)
_RANDOM = 16  # bytes
_TIME = 8  # bytes
_EXPIRED = Message("The passkey was used too late, or on another page. Try again.")


def make(master_key: MasterKey, purpose: Purpose, owner: bytes, now: datetime) -> bytes:
    """Return a challenge for a passkey of `owner`, which is a digest."""
    end = milliseconds(now + LIFETIME).to_bytes(_TIME, "big")
    return master_key.encrypt(end + secrets.token_bytes(_RANDOM), _purpose(purpose, owner))


def check(
    master_key: MasterKey, challenge: bytes, purpose: Purpose, owner: bytes, now: datetime
) -> datetime:
    """Return when a challenge of ours ends; raise InvalidField where it is another, or too late.

    Does NOT check that it was not answered before.
    """
    try:
        plain = master_key.decrypt_stored(challenge, _purpose(purpose, owner))
    except (MasterKeyError, ValueError):  # ValueError: shorter than anything encrypted
        raise InvalidField("", _EXPIRED) from None
    end = EPOCH + timedelta(milliseconds=int.from_bytes(plain[:_TIME], "big"))
    if now >= end:
        raise InvalidField("", _EXPIRED)
    return end


def _purpose(purpose: Purpose, owner: bytes) -> str:
    return f"gatepass passkey challenge: {purpose} {owner.hex()}"
