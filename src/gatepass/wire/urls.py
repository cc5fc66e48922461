"""Which addresses are on this machine, and whether a proxy may be used for one. Pure.

Client and guard send secrets and tokens over plain http to this machine alone. A proxy that the
environment names is another machine, which would read them.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine, by its name alone; nothing is resolved.

    The names are those of RFC 6761 §6.3, the addresses those of RFC 1122 §3.2.1.3 and
    RFC 4291 §2.5.3.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback_http(url: str) -> bool:
    """Return whether `url` is plain http to this machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def may_use_proxy(url: str) -> bool:
    """Return whether a request to `url` may go through the proxy that the environment names.

    Only https may: the proxy then carries encrypted bytes (RFC 9110 §9.3.6). It would read a
    plain request, whose secret or token is meant for this machine.
    """
    return urlsplit(url).scheme == "https"
