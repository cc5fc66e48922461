"""What a request is connected to: the host of its address, or the proxy of the environment."""

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
    """Return what `url` is connected to where no proxy is between."""
    parts = urlsplit(url)
    return Target(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def proxy(url: str) -> Target | None:
    """Return the proxy that the environment asks for, None where there is none for `url`."""
    parts = urlsplit(url)
    named = getproxies()
    given = named.get(parts.scheme) or named.get("all")
    if not given or not may_use_proxy(url) or proxy_bypass(parts.hostname or ""):
        return None
    return target(given if "://" in given else f"http://{given}")


def addresses(at: Target) -> list[str]:
    """Resolve the name, as connecting does; raises OSError, or UnicodeError for no name."""
    found = socket.getaddrinfo(at.host, at.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def share(url: str, seconds: float) -> float:
    """Return the seconds to connect to each address of the host, or of the proxy before it.

    A blocking connection tries one address after the other, each for as long as it may. So that
    those that do not answer leave time for the next, they share `seconds`, of which resolving
    the name takes its part. Raises OSError where the name is not found.
    """
    began = monotonic()
    try:
        count = len(addresses(proxy(url) or target(url)))
    except ValueError:  # a proxy or a host that cannot be used, which httpx2 says itself
        return seconds
    return max(0.0, seconds - (monotonic() - began)) / max(1, count)
