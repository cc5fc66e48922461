"""The client's address and scheme behind trusted proxies, for the fast path and for ASGI.

A header is read only if the connection comes from a trusted proxy. The list of addresses is read
from the right, where each proxy appends the address of its peer:

- A trusted address is a proxy; the next one to the left is that proxy's peer.
- The first address that is not trusted is the client. The client may have sent what is left of it,
  so that is not read.
- Anything but an IP address (a name, `unknown`, nothing) ends the search, and the last address
  before it is the source. So logs, audit entries and limits never contain text of a client.
- If all are trusted, the leftmost is the source.

The scheme is the one with which the client reached the outermost of the trusted proxies.

Exactly one header is read for addresses: the one that the operator configures. A proxy that sets
only X-Forwarded-For passes on a client's `Forwarded` unchanged, and vice versa. A server that read
both, or preferred one, would trust the client. Two equal headers prove nothing either, and if the
server refused different ones, a client could make the proxy's address the source.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice
from typing import NamedTuple

from gatepass.server.configuration.network.proxies import EVERYONE, MOST_HOPS, HeaderName
from gatepass.server.http import CERTIFICATE, App, Receive, Scope, Send
from gatepass.server.serving.tls.certificate_headers import CertificateHeader
from gatepass.wire.networks import Network

Address = IPv4Address | IPv6Address

_MOST_PIECES = 2 * MOST_HOPS  # of `Forwarded`: a quoted string may have commas in it
_MOST_CACHED = 1024
_LONGEST_CACHED = 200  # bytes of both headers
_PROTO = b"x-forwarded-proto"
_SCHEMES = {b"http": "http", b"https": "https", b"ws": "http", b"wss": "https"}

_PORT = rb"[0-9]{1,5}"
_NODE = rb"(?:(?P<v4>[0-9.]{7,15})|\[(?P<v6>[0-9A-Fa-f:.]{2,45})\])"
_LISTED = re.compile(rb"%b(?::(?P<port>%b))?|(?P<bare>[0-9A-Fa-f:.]{2,45})" % (_NODE, _PORT))
_NAMED = re.compile(rb"%b(?::(?:(?P<port>%b)|_[A-Za-z0-9._-]+))?" % (_NODE, _PORT))
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_PAIR = re.compile(rb"(%b)=(%b|%b)" % (_TOKEN, _TOKEN, _QUOTED))
_ELEMENT = re.compile(rb"(?:%b)?(?:;(?:%b)?)*" % (_PAIR.pattern, _PAIR.pattern))
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


class ClientInfo(NamedTuple):
    """The scheme of a request, "http" or "https", and the client's address."""

    scheme: str
    source: str


class TrustedProxies:
    """The trusted proxies, and the header that they set.

    `networks` are addresses or networks, or `*` for every peer. `hops` is the largest number of
    proxies that a request passes; 0 means as many as are trusted. A network of all addresses trusts
    clients as well, so 0 means one proxy then: otherwise a client could choose the source.
    `certificates` is the header in which they pass on the certificate of a TLS client.
    """

    def __init__(
        self,
        networks: Iterable[str],
        header: HeaderName = "x-forwarded-for",
        hops: int = 0,
        certificates: CertificateHeader | None = None,
    ) -> None:
        self.certificates = certificates
        self._networks = tuple(_networks(networks))
        self._is_rfc7239 = header == "forwarded"
        is_everyone = any(network.prefixlen == 0 for network in self._networks)
        self._hops = hops or (1 if is_everyone else MOST_HOPS)
        self.address_header = header.encode()
        self.scheme_header = self.address_header if self._is_rfc7239 else _PROTO
        self._read_cached = lru_cache(maxsize=_MOST_CACHED)(self._read)

    def client_info(
        self, peer: str | None, scheme: str, addresses: bytes | None, proto: bytes | None
    ) -> ClientInfo:
        """Return the client's scheme and address.

        `peer` is the address of the connection's other end and `scheme` the connection's.
        `addresses` and `proto` are the values of `address_header` and `scheme_header`, several
        lines joined by commas (RFC 9110 §5.3), None if the header is missing.
        """
        is_short = len(addresses or b"") + len(proto or b"") <= _LONGEST_CACHED
        read = self._read_cached if is_short else self._read
        return read(peer, scheme, addresses, proto)

    def _read(
        self, peer: str | None, scheme: str, addresses: bytes | None, proto: bytes | None
    ) -> ClientInfo:
        source = _peer(peer)
        if source is None:
            return ClientInfo(scheme, peer or "")
        if not self._trusts(source):
            return ClientInfo(scheme, str(source))
        passed = 1  # proxies, whose headers are trusted
        for hop in islice(self._listed(addresses), self._hops):
            if hop is None:
                break
            source = hop
            if not self._trusts(hop):
                break
            passed += 1
        passed = min(passed, self._hops)
        read_scheme = self._named_scheme if self._is_rfc7239 else self._listed_scheme
        found = _SCHEMES.get(read_scheme(addresses, proto, passed))
        return ClientInfo(found or scheme, str(source))

    def is_trusted(self, peer: str | None) -> bool:
        """Return whether a connection's peer is one of the proxies."""
        address = _peer(peer)
        return address is not None and self._trusts(address)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _listed(self, value: bytes | None) -> Iterator[Address | None]:
        """Yield the addresses of the header from the right, None for what is no address."""
        if value is None:
            return
        if self._is_rfc7239:
            yield from (_node(_NAMED, pairs.get(b"for", b"")) for pairs in _elements(value))
        else:
            pieces = reversed(value.rsplit(b",", MOST_HOPS))
            yield from (_node(_LISTED, piece.strip(b" \t")) for piece in pieces)

    @staticmethod
    def _listed_scheme(addresses: bytes | None, proto: bytes | None, passed: int) -> bytes:
        """Return the scheme with which the client reached the outermost of the `passed` proxies.

        Each proxy appends a scheme, as it appends an address, or replaces those before. A list
        of schemes that is longer than that of the addresses comes from proxies that append
        schemes alone, so its leftmost counts. A client that forges one there misleads the server
        about its own connection only.
        """
        pieces = (proto or b"").rsplit(b",", MOST_HOPS)
        schemes = [each for piece in pieces if (each := piece.strip(b" \t").lower())]
        if not schemes:
            return b""
        known = (addresses or b"").count(b",") + 1 if addresses else 0
        return schemes[0] if len(schemes) > max(known, 1) else schemes[-min(passed, len(schemes))]

    @staticmethod
    def _named_scheme(_addresses: bytes | None, proto: bytes | None, passed: int) -> bytes:
        """Return the scheme that the outermost of the `passed` proxies with a `proto` received."""
        elements = islice(_elements(proto or b""), passed)
        schemes = [pairs[b"proto"].lower() for pairs in elements if b"proto" in pairs]
        return schemes[-1] if schemes else b""


class ProxyHeaders:
    """An ASGI application behind proxies: the scope gets the client's scheme and address."""

    def __init__(self, app: App, proxies: TrustedProxies) -> None:
        self.app = app
        self.proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with the client's scheme and address."""
        if scope["type"] == "http":
            proxies, client, pairs = self.proxies, scope["client"], scope["headers"]
            scheme, source = proxies.client_info(
                client[0] if client else None,
                scope["scheme"],
                _joined(pairs, proxies.address_header),
                _joined(pairs, proxies.scheme_header),
            )
            if client and proxies.is_trusted(client[0]):
                # Of a proxy's own connection the certificate is the proxy's, never the client's.
                header = proxies.certificates
                scope[CERTIFICATE] = header.read_pairs(pairs) if header else None
            scope["scheme"] = scheme
            scope["gatepass.peer"] = client[0] if client else ""  # for the log
            scope["gatepass.proxies"] = proxies
            if client:
                scope["client"] = (source, client[1] if source == client[0] else 0)
        await self.app(scope, receive, send)


def _joined(pairs: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    values = [value for each, value in pairs if each == name]
    return b",".join(values) if values else None


def _networks(given: Iterable[str]) -> Iterator[Network]:
    for each in given:
        if each == EVERYONE:
            yield from (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
        else:
            yield _unmapped(ip_network(each))


def _unmapped(network: Network) -> Network:
    """Return the IPv4 network of an IPv4-mapped one (RFC 4291 §2.5.5.2), others as they are."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < 96:
        return network
    return IPv4Network((int(mapped), network.prefixlen - 96))


def _plain(address: Address) -> Address:
    """Return the IPv4 address of an IPv4-mapped one, others as they are."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _peer(text: str | None) -> Address | None:
    try:
        return _plain(ip_address(text or ""))
    except ValueError:
        return None


def _node(form: re.Pattern[bytes], text: bytes) -> Address | None:
    """Return the address of a hop without its port, None if it is no IP address.

    A zone (`fe80::1%eth0`) is refused: it would be free text in an address.
    """
    found = form.fullmatch(text)
    if found is None or int(found["port"] or 0) > 65535:
        return None
    parts = found.groupdict()
    v6 = parts["v6"] or parts.get("bare")
    try:
        return _plain(IPv6Address(v6.decode())) if v6 else IPv4Address(parts["v4"].decode())
    except ValueError:
        return None


def _elements(value: bytes) -> Iterator[Mapping[bytes, bytes]]:
    """Yield the elements of `Forwarded` (RFC 7239 §4) from the right, up to a malformed one.

    The right end is the nearest proxy's. Read from the left, a quotation mark that a client
    leaves open would swallow what the proxies have appended.
    """
    pieces = value.rsplit(b",", _MOST_PIECES)
    while pieces:
        element = pieces.pop()
        while (pairs := _pairs(element.strip(b" \t"))) is None:
            if not pieces:
                return
            element = pieces.pop() + b"," + element  # the comma may be in a quoted string
        yield pairs


def _pairs(element: bytes) -> dict[bytes, bytes] | None:
    """Return the parameters of an element by their names in lower case, None if malformed."""
    if _ELEMENT.fullmatch(element) is None:
        return None
    found = _PAIR.findall(element)
    pairs = {name.lower(): _unquoted(value) for name, value in found}
    return pairs if len(pairs) == len(found) else None


def _unquoted(value: bytes) -> bytes:
    return _ESCAPED.sub(rb"\1", value[1:-1]) if value.startswith(b'"') else value
