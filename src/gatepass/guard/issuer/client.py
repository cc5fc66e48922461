"""The way to the issuer: its addresses, found once, and the sending of flows. Blocks."""

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
    """Speaks to one issuer, from the threads of `Flights` alone.

    What `given` names is not looked for; the rest is read from the issuer's metadata at the first
    need. `timeout` is in seconds, for each exchange.
    """

    def __init__(
        self, issuer_url: str, given: Endpoints, timeout: float, clock: Callable[[], float]
    ) -> None:
        self._issuer = issuer_url
        self._given = given
        self._timeout = timeout
        self._clock = clock
        self._found: Endpoints | None = None
        self.after_fork()

    def after_fork(self) -> None:
        """Begin without connections: a forked process must not speak through its parent's."""
        self._lock = threading.Lock()
        self._sender: Sender | None = None
        self._reading = threading.Lock()
        self._failed_at = -_AGAIN_AFTER
        self._why = ""

    def jwks_uri(self) -> str:
        """Give the address of the key set; raise DiscoveryError where there is none."""
        return self._given.jwks_uri or self._discovered().jwks_uri or _missing("jwks_uri")

    def introspection(self) -> str:
        """Give the address to ask about tokens at; raise DiscoveryError where there is none."""
        given = self._given.introspection
        return given or self._discovered().introspection or _missing("introspection_endpoint")

    def forget(self) -> None:
        """Look for the addresses again at the next need: those that were found led nowhere."""
        self._found = None

    def run(self, flow: Flow[Result]) -> Result:
        """Drive a flow to its end."""
        with self._lock:
            if self._sender is None:
                # here, as a guard that asks nobody needs no HTTP client
                from gatepass.guard.issuer.transport import Sender

                self._sender = Sender(self._timeout, LONGEST_RESPONSE)
            send = self._sender.send
        return run(flow, send)

    def close(self) -> None:
        """Close the connections."""
        if self._sender is not None:
            self._sender.close()

    def _discovered(self) -> Endpoints:
        """Give what the metadata names; who comes while it is read waits for what comes of it."""
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
            self._why = str(error) if isinstance(error, DiscoveryError) else _kind(error)
            self._failed_at = self._clock()
            raise DiscoveryError(self._why) from None


def _kind(error: Exception) -> str:
    return f"reading the issuer's metadata failed: {type(error).__name__}"


def _missing(name: str) -> str:
    raise DiscoveryError(f"the issuer's metadata names no {name}: give the guard one")
