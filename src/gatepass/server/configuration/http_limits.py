"""The limits of one HTTP connection and of all of them, and the settings that they come from."""

from dataclasses import dataclass, field

from pydantic import Field

from gatepass.server.configuration.section import Section

try:
    import resource
except ModuleNotFoundError:  # on Windows, which has no such limit
    resource = None  # type: ignore[assignment]

_RESERVED = 128  # descriptors: both environments' database pools, files, listening sockets
_UNLIMITED = 65_536  # connections, where the system sets no limit


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """How long a request's head may be."""

    target: int = 8 * 1024  # bytes
    head: int = 64 * 1024  # bytes, with the request line and the empty line at the end
    fields: int = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may do, and how many there may be; times are in seconds.

    `connections` 0 means as many as the limit of file descriptors leaves room for.
    """

    head: HeadLimits = field(default_factory=HeadLimits)
    head_timeout: float = 10.0
    body_timeout: float = 30.0
    answer_timeout: float = 30.0
    connections: int = 0


def room_for_connections() -> int:
    """Return how many connections the limit of file descriptors leaves room for."""
    if resource is None:
        return _UNLIMITED
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return _UNLIMITED
    return min(limit - min(_RESERVED, limit // 2), _UNLIMITED)


class HttpSettings(Section):
    """Bounds for one connection and for all of them; a setting of 0 follows from the system."""

    max_target_bytes: int = Field(8 * 1024, ge=256, le=64 * 1024)
    """The longest request target (path and query) in bytes; a longer one is answered 414."""
    max_header_bytes: int = Field(64 * 1024, ge=1024, le=1024 * 1024)
    """The longest header of a request in bytes; a longer one is answered 431."""
    max_header_fields: int = Field(100, ge=10, le=1000)
    """The most header fields of a request; more are answered 431."""
    header_timeout: float = Field(10, gt=0, le=3600)
    """Seconds for a request's header, from the start of the connection or from the first byte of a
    later request; then 408."""
    body_timeout: float = Field(30, gt=0, le=3600)
    """Seconds for a request's body; then 408."""
    answer_timeout: float = Field(30, gt=0, le=3600)
    """Seconds for which a client may leave answers unread; then its connection ends."""
    idle_timeout: int = Field(75, ge=1, le=3600)
    """Seconds for which a connection stays open after an answer. It must be longer than a proxy or
    load balancer in front keeps an idle connection (most: 60 s), so that the proxy closes first."""
    max_connections: int = Field(0, ge=0)
    """The most open connections of one worker; 0: what the limit of open files leaves room for.
    At the limit the one that has been longest without a whole request is closed for a new one."""
    max_waiting_polls: int = Field(0, ge=0)
    """The most guards that wait at one environment's revocation feed in one worker; 0: a quarter of
    the connections. Further ones are answered 503."""

    def waiting_polls(self) -> int:
        """Return how many guards may wait at one environment's feed."""
        connections = self.max_connections or room_for_connections()
        return self.max_waiting_polls or max(1, connections // 4)

    def limits(self) -> Limits:
        """Return what the HTTP protocol needs of these."""
        return Limits(
            head=HeadLimits(
                target=self.max_target_bytes,
                head=self.max_header_bytes,
                fields=self.max_header_fields,
            ),
            head_timeout=self.header_timeout,
            body_timeout=self.body_timeout,
            answer_timeout=self.answer_timeout,
            connections=self.max_connections,
        )
