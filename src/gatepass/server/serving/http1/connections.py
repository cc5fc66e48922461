"""The open connections of a process: how many there may be, and which one is closed at the limit.

Each connection takes a file descriptor, and databases and files need some, too. At the limit the
server closes a connection that does not read its responses in favour of a new one, or else the one
that has been without a complete request for the longest time. If every connection is being served,
new ones are refused.
"""

from collections import deque
from heapq import nsmallest
from typing import Literal, Protocol

import structlog

from gatepass.server.configuration.http_limits import Limits, room_for_connections
from gatepass.server.domain.throttling.once_per_minute import OncePerMinute
from gatepass.server.observability import metrics

Reason = Literal[
    "header_timeout",
    "body_timeout",
    "unread",
    "evicted",
    "refused",
    "malformed",
    "handshake",
    "handshake_timeout",
]
"""Why the server ends a connection, as metrics count it."""

_CANDIDATES = 32  # connections found by one search for those to evict

log = structlog.get_logger("gatepass.server")


EvictionKey = tuple[int, float]
"""0 for a client that does not read, else 1; and the loop's time since which it has no request."""


class Connection(Protocol):
    """The part of a connection that the limit uses."""

    @property
    def eviction_key(self) -> EvictionKey | None:
        """The order among connections to close, lowest first; None while it is being served."""

    def evict(self) -> None:
        """Close the connection now."""


class Connections:
    """The open connections of this process; with `is_counted` metrics show their number."""

    def __init__(self, limits: Limits, *, is_counted: bool = True) -> None:
        self.limits = limits
        self._is_counted = is_counted
        self.most = limits.connections or room_for_connections()
        self._open: set[Connection] = set()
        self._candidates: deque[tuple[EvictionKey, Connection]] = deque()
        self._log_limit = OncePerMinute()

    def __len__(self) -> int:
        """Return how many connections are open."""
        return len(self._open)

    def admit(self, connection: Connection) -> bool:
        """Add a connection, closing another at the limit; return False if none can be closed."""
        if len(self._open) >= self.most and not self._evict():
            return False
        self._open.add(connection)
        self._measure()
        return True

    def remove(self, connection: Connection) -> None:
        """Remove a connection that has ended."""
        self._open.discard(connection)
        self._measure()

    def record_end(self, reason: Reason, source: str, now: float, description: str = "") -> None:
        """Count a connection that the server ends; log it once a minute for each source."""
        metrics.connection_ended(reason)
        if self._log_limit.allow((reason, source), now):
            log.warning("connection.ended", reason=reason, source=source, description=description)

    def _measure(self) -> None:
        if self._is_counted:
            metrics.connections(len(self._open), self.most)

    def _evict(self) -> bool:
        """Close the connection without a request for the longest time; return whether there is one.

        One search finds several, so that a flood of connections does not search for each.
        """
        for _ in range(2):
            while self._candidates:
                key, connection = self._candidates.popleft()
                if connection in self._open and connection.eviction_key == key:
                    self._open.discard(connection)
                    connection.evict()
                    return True
            keys = ((each.eviction_key, each) for each in self._open)
            idle = ((key, each) for key, each in keys if key is not None)
            self._candidates.extend(nsmallest(_CANDIDATES, idle, key=_key))
        return False


def _key(candidate: tuple[EvictionKey, Connection]) -> EvictionKey:
    return candidate[0]
