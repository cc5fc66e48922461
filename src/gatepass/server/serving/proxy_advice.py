"""Logs why the server refuses what a proxy forwards, and which setting is probably wrong.

A request over plain HTTP for an https issuer (400) and one for a host that is not served (421)
are always refused. Behind a misconfigured proxy these are all requests, so the log has one line a
minute for each peer and status.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

import structlog

from gatepass.server.configuration.network.hosts import split
from gatepass.server.domain.throttling.model import network_of
from gatepass.server.domain.throttling.once_per_minute import OncePerMinute
from gatepass.server.environment.environment import Environment
from gatepass.server.http import Scope
from gatepass.server.serving.proxy_headers import TrustedProxies

_LONGEST_VALUE = 200  # characters
_PROTO, _FORWARDED = "x-forwarded-proto", "forwarded"
# Headers with which proxies report https; the server reads the first two.
_SCHEME_HEADERS = (
    _PROTO,
    _FORWARDED,
    "x-forwarded-scheme",
    "x-forwarded-ssl",
    "x-forwarded-protocol",
    "x-url-scheme",
    "x-scheme",
    "front-end-https",
    "cloudfront-forwarded-proto",
)

log = structlog.get_logger("gatepass.server")


class Advice(NamedTuple):
    """The header that was received, the setting that is probably wrong, and what to do.

    `setting` is empty if the proxy's configuration must be changed.
    """

    header: str
    setting: str
    advice: str


class Forwarded(NamedTuple):
    """A request as its peer sent it; header names are in lower case, values are printable."""

    peer: str
    headers: dict[str, str]
    proxies: TrustedProxies | None

    @property
    def is_trusted(self) -> bool:
        """Return whether the peer is trusted about scheme and address."""
        return self.proxies is not None and self.proxies.is_trusted(self.peer)


class ProxyAdvice:
    """Logs refusals that a proxy's configuration may cause; used in the event loop alone.

    `hosts` are the values of the Host header that are served.
    """

    def __init__(self, hosts: Collection[str], clock: Callable[[], float]) -> None:
        self._hosts = hosts
        self._clock = clock
        self._limit = OncePerMinute()

    def note(self, scope: Scope, environment: Environment | None) -> None:
        """Log a request that is refused for its host (421), or for plain HTTP (400)."""
        if environment is None:
            self._log(scope, 421)
        elif environment.is_https and scope["scheme"] == "http":
            self._log(scope, 400)

    def _log(self, scope: Scope, status: int) -> None:
        client = scope["client"]
        peer = scope.get("gatepass.peer") or (client[0] if client else "")
        if not self._limit.allow((network_of(peer), status), self._clock()):
            return
        request = Forwarded(peer, _printable(scope), scope.get("gatepass.proxies"))
        is_plain = status == 400
        found = of_plain_http(request) if is_plain else of_unknown_host(request, self._hosts)
        log.warning(
            "request.plain_http" if is_plain else "request.unknown_host",
            status=status,
            peer=peer,
            header=found.header,
            value=request.headers.get(found.header, ""),
            setting=found.setting,
            advice=found.advice,
        )


def of_plain_http(request: Forwarded) -> Advice:
    """Return what may make a request count as https that was received over plain HTTP."""
    header = next((name for name in _SCHEME_HEADERS if name in request.headers), "")
    if request.proxies is None or not request.is_trusted:
        if not header and "x-forwarded-for" in request.headers:
            header = "x-forwarded-for"
        return Advice(header, "trusted_proxies", _of_untrusted(request.peer, header))
    read = _FORWARDED if request.proxies.scheme_header == b"forwarded" else _PROTO
    if read in request.headers:
        return _of_read(request, read)
    if header in {_PROTO, _FORWARDED}:
        named = "forwarded" if header == _FORWARDED else "x-forwarded-for"
        advice = f'If the proxy sets this header itself, say proxy_header = "{named}".'
        return Advice(header, "proxy_header", advice)
    if header:
        return Advice(header, "", f"This header is not read. {_let_proxy_send(read)}")
    return Advice("", "", f"The proxy does not say how the client came. {_let_proxy_send(read)}")


def of_unknown_host(request: Forwarded, hosts: Collection[str]) -> Advice:
    """Return what may make the host of a request one that is served."""
    setting = "production.hosts or sandbox.hosts"
    forwarded = request.headers.get("x-forwarded-host", "").lower()
    if forwarded in hosts:
        advice = "X-Forwarded-Host is not read. Let the proxy pass the client's Host header on."
        return Advice("host", "", advice)
    name = split(request.headers.get("host", "").lower()).name
    if any(split(host).name == name for host in hosts):
        return Advice("host", setting, "The port is another one: name the host with this port.")
    advice = (
        "If clients use this host, name it there; else let the proxy pass their Host header on."
    )
    return Advice("host", setting, advice)


def _of_untrusted(peer: str, header: str) -> str:
    if header:
        return f'If {peer} is your proxy, say trusted_proxies = ["{peer}"]; else it is no proxy.'
    return (
        "The issuer is https: clients reach the server through a proxy with TLS, "
        "which is named in trusted_proxies."
    )


def _of_read(request: Forwarded, read: str) -> Advice:
    """Return advice on a header that was read, but has no https, or not from a named proxy."""
    if "https" in request.headers[read].lower():
        advice = (
            "Of these values those of named proxies count, and they are not https. "
            "If another proxy of yours stands before them, name it, too."
        )
        return Advice(read, "trusted_proxies", advice)
    return Advice(
        read, "", "The client came to the proxy by plain HTTP. Let the proxy redirect to https."
    )


def _let_proxy_send(read: str) -> str:
    value = "Forwarded with proto=https" if read == _FORWARDED else "X-Forwarded-Proto: https"
    return f"Let it send {value}."


def _printable(scope: Scope) -> dict[str, str]:
    """Return the headers that the advice uses, each once, cut, in printable ASCII."""
    wanted = {*_SCHEME_HEADERS, "x-forwarded-for", "x-forwarded-host", "host"}
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1")
        if name in wanted:
            before = f"{found[name]}, " if name in found else ""
            text = raw_value[:_LONGEST_VALUE].decode("ascii", "replace")
            shown = "".join(char if char.isascii() and char.isprintable() else "?" for char in text)
            found[name] = (before + shown)[:_LONGEST_VALUE]
    return found
