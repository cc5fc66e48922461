"""The counters of this process; counting a request changes entries of a list.

Labels come from closed lists, so that no client can add series without bound.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gatepass.server.domain.usage.refusal_reasons import REASONS
from gatepass.server.environment.environment import NAMES as ENVIRONMENTS
from gatepass.server.observability.metrics import endpoint_names
from gatepass.server.observability.metrics.families import Key
from gatepass.wire.errors import STATUS, OAuthError

BOUNDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5)  # seconds
_SHORT = BOUNDS[0]

OK, REDIRECTED, REFUSED, FAILED, GONE = "ok", "redirected", "client_error", "server_error", "gone"
RESULTS = frozenset({OK, REDIRECTED, REFUSED, FAILED, GONE, *STATUS})
_OF_CLASS = {2: OK, 3: REDIRECTED, 4: REFUSED, 5: FAILED}

NO_ENVIRONMENT = ""
"""The environment of a request whose host is of none."""

ENDINGS = (
    "header_timeout",
    "body_timeout",
    "unread",
    "evicted",
    "refused",
    "malformed",
    "handshake",
    "handshake_timeout",
)
"""Why the server ends a connection that the client does not end."""


class Row(NamedTuple):
    """The durations of the requests of an environment and endpoint with one result."""

    environment: str
    endpoint: str
    result: str
    buckets: tuple[int, ...]  # up to each of BOUNDS, and beyond
    seconds: float


class Counters:
    """Counts in memory; one thread counts, any thread may read."""

    def __init__(self) -> None:
        names = tuple(ENVIRONMENTS.values())
        self._requests: dict[tuple[str, str, str], list[float]] = {}
        self._refusals = {name: dict.fromkeys(REASONS, 0) for name in names}
        self._endings = dict.fromkeys(ENDINGS, 0)
        self._connections = {"open": 0, "limit": 0}
        self._certificate_ends = 0.0

    def observe(self, environment: str, endpoint: str, result: str, seconds: float) -> None:
        """Count a request of an environment's endpoint, with its result and duration."""
        row = self._requests.get((environment, endpoint, result))
        if row is None:
            row = self._row(environment, endpoint, result)
        row[bisect_left(BOUNDS, seconds)] += 1
        row[-1] += seconds

    def observer(self, environment: str, endpoint: str) -> Callable[[float], None]:
        """Return a function that counts requests of one endpoint with the result OK.

        It does the same as `observe`, but looks the row up once.
        """
        row: list[float] | None = None

        def observe(seconds: float) -> None:
            nonlocal row
            if row is None:
                row = self._row(environment, endpoint, OK)
            row[0 if seconds <= _SHORT else bisect_left(BOUNDS, seconds)] += 1
            row[-1] += seconds

        return observe

    def refused(self, environment: str, reason: str) -> None:
        """Count a refusal by its reason, one of REASONS."""
        self._refusals[environment][reason] += 1

    def connection_ended(self, ending: str) -> None:
        """Count a connection that the server ends, by one of ENDINGS."""
        self._endings[ending] += 1

    def connections(self, count: int, limit: int) -> None:
        """Record how many connections are open, and how many may be."""
        self._connections["open"] = count
        self._connections["limit"] = limit

    def certificate_ends(self, at: float) -> None:
        """Record when the certificate of the server's own TLS expires (Unix seconds)."""
        self._certificate_ends = at

    def rows(self) -> tuple[Row, ...]:
        """Return the durations of the requests until now."""
        return tuple(
            Row(*key, tuple(int(each) for each in row[:-1]), row[-1])
            for key, row in list(self._requests.items())
        )

    def values(self) -> Iterator[tuple[Key, float]]:
        """Yield everything else that was counted until now."""
        for environment, by_reason in self._refusals.items():
            for reason, count in by_reason.items():
                yield ("gatepass_refusals", (environment, reason)), count
        for reason, count in self._endings.items():
            yield ("gatepass_connections_ended", (reason,)), count
        for what, count in self._connections.items():
            yield (f"gatepass_connections_{what}", ()), count
        if self._certificate_ends:
            name = "gatepass_tls_certificate_expiry_timestamp_seconds"
            yield (name, ()), self._certificate_ends

    def _row(self, environment: str, endpoint: str, result: str) -> list[float]:
        """Return the row of a new key; names that are on no list are counted as other ones."""
        known = endpoint if endpoint in endpoint_names.NAMES else endpoint_names.OTHER
        known_result = result if result in RESULTS else FAILED
        key = environment, known, known_result
        return self._requests.setdefault(key, [0.0] * (len(BOUNDS) + 2))


def result_of(status: int, code: str = "") -> str:
    """Return the result of a response: its OAuth error code, or else its class of status."""
    return code or _OF_CLASS.get(status // 100, GONE)


def result_of_error(error: Exception) -> str:
    """Return the result of a request for which an endpoint raised `error`."""
    return error.code if isinstance(error, OAuthError) else FAILED


COUNTERS = Counters()
"""The counters of this process."""
