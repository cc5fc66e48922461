"""Which values of the Host header name which environment, and which origins are its own. Pure.

Values are compared as RFC 3986 §6.2.3 has it: without regard to case, with or without the
scheme's default port, and with or without the dot at the end of a full domain name.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple, TypeVar

_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*"
)
_PORT = re.compile(r"[0-9]{1,5}")
_DEFAULT_PORTS = {"https": "443", "http": "80"}
_FORM = "must be a host as in the Host header, as app.example.com or app.example.com:8443"

Of = TypeVar("Of")


class Host(NamedTuple):
    """A host and its port as text; the port is empty where none is given."""

    name: str
    port: str

    def __str__(self) -> str:
        """Return the value of a Host header."""
        return f"{self.name}:{self.port}" if self.port else self.name


def parse(text: str) -> str:
    """Return a host of the settings in lower case; raise ValueError, which says what is wrong."""
    if "/" in text:
        raise ValueError(f"{_FORM}, without a scheme or a path, not {text!r}")
    host = split(text.lower())
    is_name = _NAME.fullmatch(host.name) and not re.fullmatch(r"[0-9.]+", host.name)
    if not (is_name or _is_address(host.name)):
        raise ValueError(f"{_FORM}, not {text!r}{_hint(text)}")
    if text.endswith(":") or (host.port and not _is_port(host.port)):
        raise ValueError(f"{_FORM}; the port of {text!r} is none")
    return str(host)


def split(text: str) -> Host:
    """Return host and port of a Host header's value, without the dot at the host's end."""
    name, colon, port = text.rpartition(":")
    if not colon or "]" in port:  # the last colon is in an IPv6 address
        name, port = text, ""
    return Host(name.removesuffix("."), port)


def spellings(host: str, scheme: str) -> Iterator[str]:
    """Yield the values of the Host header that mean `host` where the scheme is `scheme`."""
    name, port = split(host)
    is_default = port in {"", _DEFAULT_PORTS[scheme]}
    ports = ("", ":", f":{_DEFAULT_PORTS[scheme]}") if is_default else (f":{port}",)
    names = (name,) if _is_address(name) else (name, f"{name}.")
    yield from (each + end for each in names for end in ports)


def served(environments: Iterable[tuple[Of, Iterable[str], str]]) -> dict[str, Of]:
    """Return the environment of each value of the Host header; each comes with hosts and issuer.

    The issuer's host is served, too, and without its port, which some proxies drop from Host.
    What is only implied is served where a single environment implies it and none names it.
    """
    given = [(each, tuple(hosts), issuer.partition("://")) for each, hosts, issuer in environments]
    named = [(each, scheme, hosts) for each, hosts, (scheme, _, _) in given]
    of_issuer = [(each, scheme, (host.lower(),)) for each, _, (scheme, _, host) in given]
    without_port = [(each, scheme, (split(host).name,)) for each, scheme, (host,) in of_issuer]
    found: dict[str, Of] = {}
    for claims in (named, of_issuer, without_port):
        claimants: defaultdict[str, list[Of]] = defaultdict(list)
        for environment, scheme, hosts in claims:
            for spelling in {one for host in hosts for one in spellings(host, scheme)}:
                claimants[spelling].append(environment)
        for spelling, by in claimants.items():
            if spelling not in found and len(by) == 1:
                found[spelling] = by[0]
    return found


def transport_headers(issuer: str, *, subdomains: bool) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of every response over https (RFC 6797 §7.2); none for an http issuer."""
    if not issuer.startswith("https://"):
        return ()
    value = b"max-age=31536000" + (b"; includeSubDomains" if subdomains else b"")
    return ((b"strict-transport-security", value),)


def is_own_origin(origin: str, scheme: str, host: str, issuer: str) -> bool:
    """Return whether an Origin header names the site that a request with this Host header is for.

    The issuer's origin counts where both have the same host: a proxy may drop the port from Host.
    """
    asked = _origin(scheme, host)
    issuers_scheme, _, issuers_host = issuer.partition("://")
    own = {asked}
    if split(host.lower()).name == split(issuers_host.lower()).name:
        own.add(_origin(issuers_scheme, issuers_host))
    sent_scheme, separator, sent_host = origin.partition("://")
    return bool(separator) and _origin(sent_scheme, sent_host) in own


def _origin(scheme: str, host: str) -> str:
    scheme = scheme.lower()
    name, port = split(host.lower())
    return f"{scheme}://{name if port == _DEFAULT_PORTS.get(scheme) else Host(name, port)}"


def _is_port(port: str) -> bool:
    return bool(_PORT.fullmatch(port)) and 0 < int(port) <= 65535


def _is_address(name: str) -> bool:
    try:
        if name.startswith("[") and name.endswith("]"):
            return bool(IPv6Address(name[1:-1]))
        return ip_address(name).version == 4
    except ValueError:
        return False


def _hint(text: str) -> str:
    if not text.isascii():
        return "; write the name in its ASCII form (xn--...), as browsers send it"
    if text.count(":") > 1 and not text.startswith("["):
        return "; write an IPv6 address in brackets, as [2001:db8::1]:8443"
    return ""
