"""`/metrics`: the figures of every worker as Prometheus text, for operators alone."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from gatepass.server.arrival import Answer, Scope
from gatepass.server.environment import Environment
from gatepass.server.metrics import snapshot
from gatepass.server.metrics.figures import FIGURES, Figures
from gatepass.server.metrics.snapshot import Snapshot
from gatepass.server.metrics.workers import Workers

PATHS = frozenset({"/metrics", "/metrics/"})
_TEXT = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),)
_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})
_NOT_FOUND = Answer(404, ((b"content-type", b"text/plain; charset=utf-8"),), b"Not found.\n")


class Metrics:
    """Answers `/metrics`, with the figures of the other workers where there are any."""

    def __init__(
        self,
        environments: Sequence[Environment],
        networks: Iterable[str],
        directory: Path | None = None,
        figures: Figures = FIGURES,
    ) -> None:
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

    def answer(self, scope: Scope) -> Answer:
        """Answer a request for the figures; to a stranger there is no such page."""
        if not self._may_see(scope) or scope["method"] not in {"GET", "HEAD"}:
            return _NOT_FOUND
        from gatepass.server.metrics.text import written  # its library starts with a web server

        others = self._workers.others() if self._workers else []
        return Answer(200, _TEXT, written(snapshot.total([self._own(), *others])))

    def _own(self) -> Snapshot:
        return snapshot.take(self._figures.counts(), self._environments)

    def _may_see(self, scope: Scope) -> bool:
        """Tell whether it comes from an operator's network, and not by way of a proxy.

        Behind a proxy everybody has its address, and one that names the client is believed
        for other pages alone.
        """
        if any(name in _FORWARDED for name, _ in scope["headers"]) or not scope["client"]:
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
