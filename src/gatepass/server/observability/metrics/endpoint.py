"""`/metrics`: the figures of every worker as Prometheus text, for operators alone.

They are on a listening address of their own, or on the main ports where nothing forwards to
them: a proxy that adds no header makes a stranger's request look like an operator's.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from gatepass.server.environment.environment import Environment
from gatepass.server.http import Response, Scope
from gatepass.server.observability.metrics import snapshot
from gatepass.server.observability.metrics.counters import COUNTERS, Counters
from gatepass.server.observability.metrics.snapshot import Snapshot
from gatepass.server.observability.metrics.workers import Workers

PATHS = frozenset({"/metrics", "/metrics/"})
_TEXT = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),)
# What proxies add; a scraper sends none of them.
_ADDED = frozenset(
    {
        b"cf-connecting-ip",
        b"client-ip",
        b"fastly-client-ip",
        b"forwarded",
        b"true-client-ip",
        b"via",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-proxyuser-ip",
        b"x-real-ip",
    }
)
_ADDED_STARTS = (b"x-forwarded", b"x-envoy-", b"x-original-")
_NOT_FOUND = Response(404, ((b"content-type", b"text/plain; charset=utf-8"),), b"Not found.\n")
_OTHER_HOST = Response(
    421,
    ((b"content-type", b"text/plain; charset=utf-8"),),
    b"Ask by an address, by localhost or by a name without a dot.\n",
)


class Metrics:
    """Answers `/metrics`, with the figures of the other workers where there are any."""

    def __init__(
        self,
        environments: Sequence[Environment],
        networks: Iterable[str],
        directory: Path | None = None,
        figures: Counters = COUNTERS,
        *,
        on_main_ports: bool = True,
    ) -> None:
        self._on_main_ports = on_main_ports
        self._environments = environments
        self._networks = [ip_network(each) for each in networks]
        self._figures = figures
        self._workers = Workers(directory, self._own) if directory else None

    def start(self) -> None:
        """Let the other workers know."""
        if self._workers:
            self._workers.start()

    def stop(self) -> None:
        """Let the other workers know that this one ends."""
        if self._workers:
            self._workers.stop()

    def answer(self, scope: Scope) -> Response:
        """Answer a request on a main port; to a stranger there is no such page.

        HTTP/1.0 is refused: nginx speaks it to a server unless it is told otherwise, and no
        scraper does.
        """
        if not self._on_main_ports or scope["http_version"] == "1.0":
            return _NOT_FOUND
        return self._written() if self._may_see(scope) else _NOT_FOUND

    def answer_alone(self, scope: Scope) -> Response:
        """Answer a request on the listening address of the figures, where nothing else is."""
        if scope["raw_path"] != b"/metrics" or not self._may_see(scope):
            return _NOT_FOUND
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not (is_address(hosts[0]) or _is_single_label(hosts[0])):
            return _OTHER_HOST
        return self._written()

    def _written(self) -> Response:
        from gatepass.server.observability.metrics.prometheus import (
            written,  # its library starts with a web server
        )

        others = self._workers.others() if self._workers else []
        return Response(200, _TEXT, written(snapshot.total([self._own(), *others])))

    def _own(self) -> Snapshot:
        return snapshot.take(self._figures.counts(), self._environments)

    def _may_see(self, scope: Scope) -> bool:
        """Tell whether it reads, comes from an operator's network, and not by way of a proxy.

        Behind a proxy everybody has its address, and one that names the client is believed
        for other pages alone.
        """
        if scope["method"] not in {"GET", "HEAD"} or not scope["client"]:
            return False
        if any(name in _ADDED or name.startswith(_ADDED_STARTS) for name, _ in scope["headers"]):
            return False
        try:
            source = ip_address(scope["client"][0])
        except ValueError:
            return False
        if isinstance(source, IPv6Address) and source.ipv4_mapped:
            source = source.ipv4_mapped
        return any(source in network for network in self._networks)


def is_address(host: bytes) -> bool:
    """Tell whether a Host header has an address, as a scraper's may, and no name.

    A stranger's name may be made to lead here (DNS rebinding), so that a page of theirs in an
    operator's browser could read what loopback may read.
    """
    try:
        name = urlsplit(f"//{host.decode('ascii')}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False


def _is_single_label(host: bytes) -> bool:
    """Tell whether a Host header has a name without a dot, as containers have.

    Nobody but the operator's own resolver gives such a name an address.
    """
    return re.fullmatch(rb"[A-Za-z0-9_-]{1,63}(?::[0-9]{1,5})?", host) is not None
