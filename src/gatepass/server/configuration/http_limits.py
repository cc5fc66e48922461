"""The limits of one HTTP connection and of all of them."""

from dataclasses import dataclass, field

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
