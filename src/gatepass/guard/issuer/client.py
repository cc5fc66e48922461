"""The HTTP client for the issuer: finds its endpoints once, and runs flows. Blocks."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from gatepass.guard.issuer import discovery
from gatepass.guard.issuer.discovery import DiscoveryError, Endpoints
from gatepass.wire.flow import Flow, run

if TYPE_CHECKING:
    from gatepass.guard.issuer.transport import Sender

LONGEST_RESPONSE = 64 * 1024  # bytes

_AGAIN_AFTER = 1.0  # seconds between two tries to read the metadata

Result = TypeVar("Result")


class IssuerClient:
    """Sends requests to one issuer, from the threads of a `SingleFlight` alone.

    Endpoints that `configured` does not name are read from the issuer's metadata when they are
    first needed. `timeout` is in seconds, for each exchange.
    """

    def __init__(
        self, issuer_url: str, configured: Endpoints, timeout: float, clock: Callable[[], float]
    ) -> None:
        self._issuer = issuer_url
        self._configured = configured
        self._timeout = timeout
        self._clock = clock
        self._found: Endpoints | None = None
        self.after_fork()

    def after_fork(self) -> None:
        """Drop the connections: a forked process must not use its parent's."""
        self._lock = threading.Lock()
        self._sender: Sender | None = None
        self._reading = threading.Lock()
        self._failed_at = -_AGAIN_AFTER
        self._why = ""

    def jwks_uri(self) -> str:
        """Return the address of the key set; raise DiscoveryError if there is none."""
        return self._configured.jwks_uri or self._discovered().jwks_uri or _missing("jwks_uri")

    def introspection(self) -> str:
        """Return the introspection endpoint; raise DiscoveryError if there is none."""
        configured = self._configured.introspection
        return configured or self._discovered().introspection or _missing("introspection_endpoint")

    def forget(self) -> None:
        """Read the metadata again when an endpoint is next needed, as one of them has failed."""
        self._found = None

    def run(self, flow: Flow[Result]) -> Result:
        """Run a flow; return its result."""
        with self._lock:
            if self._sender is None:
                # here, as a guard that sends nothing needs no HTTP client
                from gatepass.guard.issuer.transport import Sender

                self._sender = Sender(self._timeout, LONGEST_RESPONSE)
            send = self._sender.send
        return run(flow, send)

    def close(self) -> None:
        """Close the connections."""
        if self._sender is not None:
            self._sender.close()

    def _discovered(self) -> Endpoints:
        """Return the endpoints of the metadata; concurrent callers share one discovery request."""
        with self._reading:
            if self._found is None:
                self._found = self._discover()
            return self._found

    def _discover(self) -> Endpoints:
        if self._failed_at <= self._clock() < self._failed_at + _AGAIN_AFTER:
            raise DiscoveryError(self._why)
        try:
            return self.run(discovery.endpoints(self._issuer))
        except Exception as error:  # noqa: BLE001 - whatever keeps the metadata away, it is away
            why = f"reading the issuer's metadata failed: {type(error).__name__}"
            self._why = str(error) if isinstance(error, DiscoveryError) else why
            self._failed_at = self._clock()
            raise DiscoveryError(self._why) from None


def _missing(name: str) -> str:
    raise DiscoveryError(f"the issuer's metadata names no {name}: pass it to the guard")
