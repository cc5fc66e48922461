"""All open connections of a process: how many there may be, and which one must make room.

Every connection takes a file descriptor, and databases and files need some, too. At the limit
a connection that does not read its answers is closed for a new one, or else the one that has
been longest without a whole request: it is silent, or has sent half of one. Where every
connection is being served, new ones are refused.
"""

from collections import deque
from heapq import nsmallest
from typing import Literal, Protocol

import structlog

from gatepass.server.configuration.http_limits import Limits, room_for_connections
from gatepass.server.domain.throttling.once_per_minute import OncePerMinute
from gatepass.server.observability import metrics

Reason = Literal["header_timeout", "body_timeout", "unread", "evicted", "refused", "malformed"]
"""Why the server ends a connection, as metrics count it."""

_CANDIDATES = 32  # connections found by one search for those to evict

log = structlog.get_logger("gatepass.server")


EvictionKey = tuple[int, float]
"""0 for who does not read answers, else 1; and since when (the loop's time) there is no request."""


class Connection(Protocol):
    """What the limit needs of a connection."""

    @property
    def eviction_key(self) -> EvictionKey | None:
        """Its place among those to close, the lowest first; None while it is being served."""

    def evict(self) -> None:
        """Close the connection now."""


class Connections:
    """The open connections of this process; `is_counted` says whether metrics have them."""

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
        """Count a new connection in, closing another one if need be; False where none can be."""
        if len(self._open) >= self.most and not self._evict():
            return False
        self._open.add(connection)
        self._measure()
        return True

    def forget(self, connection: Connection) -> None:
        """Count a connection out."""
        self._open.discard(connection)
        self._measure()

    def note(self, reason: Reason, source: str, now: float, description: str = "") -> None:
        """Count a connection that the server ends; log it once a minute for each source."""
        metrics.connection_ended(reason)
        if self._log_limit.allow((reason, source), now):
            log.warning("connection.ended", reason=reason, source=source, description=description)

    def _measure(self) -> None:
        if self._is_counted:
            metrics.connections(len(self._open), self.most)

    def _evict(self) -> bool:
        """Close the connection that has been longest without a whole request, if there is one.

        One search finds several, so that a flood of connections does not search for each.
        """
        for _ in range(2):
            while self._candidates:
                place, connection = self._candidates.popleft()
                if connection in self._open and connection.eviction_key == place:
                    self._open.discard(connection)
                    connection.evict()
                    return True
            places = ((each.eviction_key, each) for each in self._open)
            idle = ((place, each) for place, each in places if place is not None)
            self._candidates.extend(nsmallest(_CANDIDATES, idle, key=_place))
        return False


def _place(candidate: tuple[EvictionKey, Connection]) -> EvictionKey:
    return candidate[0]
