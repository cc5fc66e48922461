"""Nonces for DPoP proofs (RFC 9449 §8, §9) that need no memory: a MAC of the time. Pure.

Every process with the same key agrees on them. A nonce says that a proof is new, and nothing
about who made it, so the same one is given to every client.
"""

import hmac
from hashlib import sha256

from gatepass.jose import base64url

_LABEL = b"gatepass dpop nonce "
_LEAST = 16  # bytes of a key


class Nonces:
    """Nonces of a secret `key`, each valid for `seconds` to twice that.

    Raises ValueError for a key of fewer than 16 bytes.
    """

    def __init__(self, key: bytes, seconds: int = 120) -> None:
        if len(key) < _LEAST or seconds < 1:
            raise ValueError(f"nonces need a key of at least {_LEAST} bytes, and a second or more")
        self._key = key
        self._seconds = seconds
        self._last: tuple[int, tuple[str, str]] = (-1, ("", ""))

    def __repr__(self) -> str:
        """Return what shows no key."""
        return f"{type(self).__name__}(seconds={self._seconds})"

    def current(self, now: float) -> str:
        """Return the nonce to give out at `now` (Unix seconds)."""
        return self.valid(now)[0]

    def valid(self, now: float) -> tuple[str, str]:
        """Return the nonces that are accepted at `now`: the present one and the one before."""
        window = int(now) // self._seconds
        known, nonces = self._last
        if known != window:
            nonces = (self._of(window), self._of(window - 1))
            self._last = (window, nonces)
        return nonces

    def _of(self, window: int) -> str:
        mac = hmac.new(self._key, _LABEL + str(window).encode(), sha256).digest()
        return base64url.encode(mac[:16])
