"""What requests with the same bytes were granted.

A client sends the same header and body each time, and parsing, authentication and authorization
are functions of those bytes, the application and the time; they are more than half of the work of
a token request. So their result is kept under the SHA-256 of the bytes: no secret is kept, and
only a request with the right one finds it. A caller of introspection sends another body each time,
but the same Authorization header.
"""

from hashlib import sha256
from typing import Generic, NamedTuple, Protocol, TypeVar

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.server.domain.applications.cache import ApplicationCache
from gatepass.server.http import Request
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.grant import Grant
from gatepass.wire.networks import allows

SIZE = 10_000


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


Value = TypeVar("Value", bound=_OfClient)


class GrantCache(Generic[Value]):
    """Returns a grant while its application is unchanged and the secret has not expired."""

    def __init__(self, applications: ApplicationCache) -> None:
        self._applications = applications
        self._granted: BoundedCache[bytes, Value] = BoundedCache(SIZE)

    def __len__(self) -> int:
        """Return the number of grants."""
        return len(self._granted)

    def get(self, key: bytes, source: str, now: float) -> Value | None:
        """Return what `key` was granted, if the same would be granted at `now` (Unix seconds)."""
        granted = self._granted.get(key)
        if granted is None:
            return None
        application, secret = granted.client
        is_unchanged = self._applications.get(application.client_id) is application
        if application.networks and not allows(application.networks, source):
            return None
        if is_unchanged and (secret.expires_ms is None or now * 1000 < secret.expires_ms):
            return granted
        self._granted.pop(key)
        return None

    def put(self, key: bytes, granted: Value) -> Value:
        """Keep a grant and return it."""
        return self._granted.put(key, granted)


def digest_of(request: Request) -> bytes:
    """Return the SHA-256 of everything in a request that its grant depends on.

    Neither a header nor a query can contain a line break, so it separates the parts; a carriage
    return takes the place of an absent header. No header contains a zero byte, after which comes
    the digest of the client's certificate.
    """
    headers, query, body, _, certificate, _ = request
    authorization = headers.get(b"authorization", b"\r")
    if certificate is not None:
        authorization += b"\0%d" % certificate.is_validated + sha256(certificate.der).digest()
    content_type = headers.get(b"content-type", b"\r")
    if b"content-encoding" in headers:
        content_type += b"\n" + headers[b"content-encoding"]
    return sha256(b"\n".join((authorization, content_type, query, body))).digest()
