"""What the same bytes were granted the last time.

A client asks with the same header and body each time, and parse, authenticate and decide are
functions of those bytes, the application and the time. So their result is remembered under
the SHA-256 of the bytes: no secret is kept, and only who sends the right one again finds it.
A profile of the token line showed these three stages at more than half of its work. Of a
caller that asks about other tokens each time, the Authorization header alone is the same.
"""

from hashlib import sha256
from typing import Generic, NamedTuple, Protocol, TypeVar

from gatepass.server.domain.applications.cache import ApplicationCache
from gatepass.server.http import Request
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.grant import Grant
from gatepass.wire.networks import allows

MOST = 10_000


class CachedGrant(NamedTuple):
    """A client that has authenticated, and what it was granted."""

    client: AuthenticatedClient
    grant: Grant


class CachedCaller(NamedTuple):
    """A client that has authenticated by its Authorization header alone."""

    client: AuthenticatedClient


class _OfClient(Protocol):
    @property
    def client(self) -> AuthenticatedClient: ...


Kept = TypeVar("Kept", bound=_OfClient)


class GrantCache(Generic[Kept]):
    """Recalls a grant while its application is unchanged and the secret has not expired."""

    def __init__(self, directory: ApplicationCache) -> None:
        self._directory = directory
        self._granted: dict[bytes, Kept] = {}

    def recall(self, key: bytes, source: str, now: float) -> Kept | None:
        """Give what `key` was granted, if it would be granted the same at `now` (Unix seconds)."""
        granted = self._granted.get(key)
        if granted is None:
            return None
        application, secret = granted.client
        is_unchanged = self._directory.get(application.client_id) is application
        if application.networks and not allows(application.networks, source):
            return None
        if is_unchanged and (secret.expires_at is None or now < secret.expires_at.timestamp()):
            return granted
        self._granted.pop(key, None)
        return None

    def keep(self, key: bytes, granted: Kept) -> None:
        """Remember a grant; beyond MOST everything is forgotten, which costs little."""
        if len(self._granted) >= MOST:
            self._granted.clear()
        self._granted[key] = granted


def key_of(arrived: Request) -> bytes:
    """Give the digest of everything in a request that parse reads.

    Neither a header nor a query can have a line break in it, so the parts stay apart, and a
    carriage return stands for a header that is not there.
    """
    headers, query, body, _ = arrived
    authorization = headers.get(b"authorization", b"\r")
    content_type = headers.get(b"content-type", b"\r")
    if b"content-encoding" in headers:
        content_type += b"\n" + headers[b"content-encoding"]
    return sha256(b"\n".join((authorization, content_type, query, body))).digest()
