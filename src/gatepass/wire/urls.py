"""One rule for URLs: which are well-formed, and to which a secret or a token may be sent. Pure.

Client and guard send secrets and tokens in plain http to this machine alone. A proxy that the
environment names is another machine, which would read them.
"""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_VISIBLE = re.compile(r"[\x21-\x7e]+")


def split(url: str) -> SplitResult | None:
    """Return the parts of an absolute http or https URL, None for any other text.

    The host is one that can be looked up, and the port is a number (RFC 3986 §3.2).
    """
    if not _VISIBLE.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # the port is checked as it is read
        host.encode("idna")  # as a name is before it is looked up
    except ValueError:
        return None
    return parts if host and parts.scheme in {"http", "https"} else None


def is_confidential(parts: SplitResult) -> bool:
    """Return whether what is sent to a URL stays confidential: https, or http to this machine.

    Secrets and tokens need that (RFC 6749 §3.2, RFC 6750 §5.3, RFC 7662 §4, RFC 8252 §7.3).
    """
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


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


def may_use_proxy(url: str) -> bool:
    """Return whether a request to `url` may go through the proxy that the environment names.

    Only https may: the proxy then carries encrypted bytes (RFC 9110 §9.3.6). It would read a
    plain request, whose secret or token is meant for this machine.
    """
    return urlsplit(url).scheme == "https"
