"""Login codes, with which a browser that is logged in to production gets into the sandbox.

As in OAuth with PKCE (RFC 7636): the sandbox leaves a random verifier in the browser, production
makes a code for its digest, and the sandbox redeems the code with the verifier.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from gatepass.server.domain.users.sessions.model import new_id
from gatepass.translation.message import Message
from gatepass.wire import base62
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

CODE_LIFETIME = timedelta(seconds=60)
VERIFIER_LIFETIME = timedelta(minutes=10)
"""The time that somebody has to log in to production, until they begin again."""
_DIGEST_BYTES = 32

new_code = new_id
"""Return a login code: 256 random bits."""


class LoginCode(NamedTuple):
    """A code, as its digest, of a session of production, for the browser of one verifier."""

    digest: bytes
    session_digest: bytes
    challenge: bytes
    expires_at: datetime


class InvalidCode(OAuthError):
    """A code that was used, has expired, or is of another browser: all say the same."""

    def __init__(self) -> None:
        super().__init__(
            "invalid_request",
            Message("This login did not work."),
            log_detail="unknown, used or expired login code, or another browser's",
        )


def challenge(verifier: Secret) -> str:
    """Return what production is given in place of the verifier."""
    return base62.encode(verifier.digest())


def read_challenge(text: str | None) -> bytes | None:
    """Return the digest in a challenge; None where no `challenge` could have made it."""
    try:
        digest = base62.decode(text or "")
    except ValueError:
        return None
    return digest if len(digest) == _DIGEST_BYTES else None
