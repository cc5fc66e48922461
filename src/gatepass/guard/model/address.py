"""The address of a request, which a DPoP proof names (`htu`, RFC 9449 §4.3). Pure."""

import re
from urllib.parse import quote, unquote_to_bytes

# A host, with a port or without. Anything more could make another path of what follows.
_HOST = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_SAFE = "/:@!$&'()*+,;=~-._"  # what a path may have as it is (RFC 3986 §3.3)


def address(scheme: str, host: str, path: str) -> str:
    """Return the address of a request, "" if its parts make none; `path` is as it was sent.

    A WebSocket has the address of the request that opens it.
    """
    found = _SCHEMES.get(scheme.lower(), "")
    if not found or not _HOST.fullmatch(host) or not path.startswith("/"):
        return ""
    return f"{found}://{host}{path.partition('?')[0]}"


def path_as_sent(sent: str, decoded: str) -> str:
    """Return a path as it was sent, from the request line if the server has kept that.

    `decoded` is the path that the application sees, which for WSGI is read as Latin-1. A request
    line with another path, as of a proxy that rewrites, does not count.
    """
    octets = decoded.encode("latin-1", "replace")
    made = quote(octets, safe=_SAFE)
    path = sent.partition("?")[0]
    return path if quote(unquote_to_bytes(path), safe=_SAFE) == made else made


def with_base(base: str, url: str) -> str:
    """Return the address of `url`'s path under the external address of the API."""
    at = url.find("/", url.find("://") + 3)
    return base + url[at:] if url and at > 0 else ""
