"""DPoP (RFC 9449): proofs that this process has the key to which its tokens are bound.

Loads cryptography.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from gatepass.client.keys.key_text import PrivateKey, read_private_key
from gatepass.jose import dpop
from gatepass.jose.thumbprint import thumbprint

_MOST_ORIGINS = 64  # whose nonces are remembered
_LONGEST_NONCE = 1024  # characters
_UNAUTHORIZED = 401
_ALGORITHM = "ES256"  # of a key made here: the one that every server accepts


class Prover:
    """Makes proofs with one key, and remembers the nonce of each origin (RFC 9449 §8, §9).

    Threads and event loops may share one. `repr` never shows the key. `wall` returns Unix seconds.
    """

    def __init__(self, key: PrivateKey, wall: Callable[[], float] = time.time) -> None:
        self._key = key
        self._public = key.public_jwk()
        self._wall = wall
        self._nonces: dict[str, str] = {}
        self.jkt = thumbprint(self._public)

    def __repr__(self) -> str:
        return f"Prover({self._key.alg!r}, jkt={self.jkt!r})"

    @classmethod
    def of_text(cls, text: str, where: str) -> "Prover":
        """Return one with the key in `text`, a private key in PEM or JWK.

        Raises ConfigurationError, in which `where` names what the text was read from.
        """
        return cls(read_private_key(text, where))

    @classmethod
    def with_new_key(cls) -> "Prover":
        """Return one with a key that only this process has."""
        return cls(PrivateKey.generate(_ALGORITHM))

    def proof(self, method: str, url: str, token: str | None = None) -> str:
        """Return a new proof for a request; `token` is the access token sent with it, if any."""
        return dpop.make(
            self._public,
            self._key.sign,
            method=method,
            url=_by_http(url),
            jti=secrets.token_urlsafe(18),
            iat=int(self._wall()),
            token=token,
            nonce=self._nonces.get(_origin(url)),
        )

    def remember(self, url: str, headers: Mapping[str, str]) -> bool:
        """Keep the DPoP-Nonce of a response to a request to `url`; return whether it is new."""
        nonce = headers.get("dpop-nonce") or ""
        if not nonce or len(nonce) > _LONGEST_NONCE or not nonce.isascii():
            return False
        origin = _origin(url)
        is_new = self._nonces.pop(origin, None) != nonce
        self._nonces[origin] = nonce
        while len(self._nonces) > _MOST_ORIGINS:
            self._nonces.pop(next(iter(self._nonces)), None)
        return is_new

    @staticmethod
    def is_challenged(status: int, headers: Mapping[str, str]) -> bool:
        """Return whether an API asks for a nonce (RFC 9449 §9)."""
        return status == _UNAUTHORIZED and "use_dpop_nonce" in headers.get("www-authenticate", "")


def _by_http(url: str) -> str:
    """Return the address as HTTP has it: a WebSocket begins with a request of it."""
    return f"http{url[2:]}" if url.startswith(("ws:", "wss:")) else url


def _origin(url: str) -> str:
    parts = urlsplit(_by_http(url))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()
