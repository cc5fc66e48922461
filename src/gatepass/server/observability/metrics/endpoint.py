"""`/metrics`: the metrics of all workers as Prometheus text, for operators only.

They have a listening address of their own, or are on the main ports if no proxy forwards to them:
behind a proxy that adds no header, any request looks like an operator's.
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
# Headers that proxies add; a scraper sends none of them.
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
    b"Use an address, localhost or a name without a dot.\n",
)


class Metrics:
    """Responds at `/metrics`, with the metrics of the other workers if there are any."""

    def __init__(
        self,
        environments: Sequence[Environment],
        networks: Iterable[str],
        directory: Path | None = None,
        counters: Counters = COUNTERS,
        *,
        on_main_ports: bool = True,
    ) -> None:
        self._on_main_ports = on_main_ports
        self._environments = environments
        self._networks = [ip_network(each) for each in networks]
        self._counters = counters
        self._workers = Workers(directory, self.own) if directory else None

    def start(self) -> None:
        """Begin to publish for the other workers."""
        if self._workers:
            self._workers.start()

    def stop(self) -> None:
        """Stop publishing for the other workers."""
        if self._workers:
            self._workers.stop()

    def respond(self, scope: Scope) -> Response:
        """Respond to a request on a main port; anyone but an operator gets 404.

        HTTP/1.0 gets 404, too: nginx uses it unless configured otherwise, and no scraper does.
        """
        if not self._on_main_ports or scope["http_version"] == "1.0":
            return _NOT_FOUND
        return self._respond_with_metrics() if self._may_see(scope) else _NOT_FOUND

    def respond_alone(self, scope: Scope) -> Response:
        """Respond to a request on the listening address of the metrics alone."""
        if scope["raw_path"] != b"/metrics" or not self._may_see(scope):
            return _NOT_FOUND
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not (is_address(hosts[0]) or _is_single_label(hosts[0])):
            return _OTHER_HOST
        return self._respond_with_metrics()

    def _respond_with_metrics(self) -> Response:
        from gatepass.server.observability.metrics.prometheus import (
            to_text,  # its library imports a web server
        )

        all_workers = self._workers.all() if self._workers else [self.own()]
        return Response(200, _TEXT, to_text(snapshot.total(all_workers)))

    def own(self) -> Snapshot:
        """Return the metrics of this worker alone."""
        return snapshot.take(self._counters, self._environments)

    def _may_see(self, scope: Scope) -> bool:
        """Return whether a request reads, from an operator's network, and not through a proxy.

        Behind a proxy all requests have its address, and the client's address that it names is
        not trusted here.
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
    """Return whether a Host header has an address or is localhost, and no other name.

    An attacker can make a name resolve to this server (DNS rebinding), so that the attacker's page
    in an operator's browser could read what loopback may read.
    """
    try:
        name = urlsplit(f"//{host.decode('ascii')}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False


def _is_single_label(host: bytes) -> bool:
    """Return whether a Host header has a name without a dot, as containers have.

    Only the operator's own resolver gives such a name an address.
    """
    return re.fullmatch(rb"[A-Za-z0-9_-]{1,63}(?::[0-9]{1,5})?", host) is not None
