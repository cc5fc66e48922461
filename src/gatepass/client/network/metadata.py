"""Where a server may publish its metadata (RFC 8414), and what is read of it. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

_MOST_PREFIXES = 4  # of the token URL's path, so that a long path does not cause many requests


class Location(NamedTuple):
    """A URL of metadata, and the issuer that it belongs to."""

    issuer: str
    url: str


def locations(token_url: str) -> Iterator[Location]:
    """Yield where the metadata may be, likeliest first.

    The token URL does not determine the issuer: it is its origin, or that and the first segments
    of its path. RFC 8414 §3.1 puts the well-known path before the issuer's path, OpenID Connect
    after it.
    """
    parts = urlsplit(token_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    names = parts.path.strip("/").split("/")
    for count in range(min(len(names), _MOST_PREFIXES)):
        prefix = "".join(f"/{name}" for name in names[:count])
        issuer = origin + prefix
        yield Location(issuer, f"{origin}/.well-known/oauth-authorization-server{prefix}")
        yield Location(issuer, f"{issuer}/.well-known/openid-configuration")


def read(body: bytes) -> Mapping[str, object] | None:
    """Return the metadata in a response body, None for any other body."""
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    is_metadata = isinstance(document, dict) and isinstance(document.get("issuer"), str)
    return document if is_metadata else None
