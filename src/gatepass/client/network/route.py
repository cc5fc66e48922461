"""Where a connection for a URL goes: to the URL's host, or to the proxy of the environment."""

import socket
from time import monotonic
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from gatepass.wire.urls import may_use_proxy


class Target(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def target(url: str) -> Target:
    """Return the host and port of `url`."""
    parts = urlsplit(url)
    return Target(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def proxy(url: str) -> Target | None:
    """Return the proxy that the environment names for `url`, None where there is none."""
    parts = urlsplit(url)
    proxies = getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or not may_use_proxy(url) or proxy_bypass(parts.hostname or ""):
        return None
    return target(address if "://" in address else f"http://{address}")


def addresses(at: Target) -> list[str]:
    """Resolve the name, as connecting does.

    Raises OSError where it is not found, UnicodeError where it is not a host name.
    """
    found = socket.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connect_timeout(url: str, seconds: float) -> float:
    """Return the seconds to connect to each address of the host, or of the proxy before it.

    A blocking connection tries one address after the other, each for its whole timeout. They
    share `seconds`, less the time that resolving the name took, so that an address that does
    not answer leaves time for the next. Raises OSError where the name is not found.
    """
    started_at = monotonic()
    try:
        count = len(addresses(proxy(url) or target(url)))
    except ValueError:  # a proxy or a host that cannot be used; httpx2 raises its own error
        return seconds
    return max(0.0, seconds - (monotonic() - started_at)) / max(1, count)
