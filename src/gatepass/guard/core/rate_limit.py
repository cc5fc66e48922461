"""A rate limit for each application, by the `limits` package: `pip install 'gatepass[limits]'`."""

import logging
import time
from collections.abc import Callable, Generator
from functools import partial
from math import ceil

from gatepass.extras import installed_by
from gatepass.guard.verification.waiting import RunInThread, Step
from gatepass.wire.errors import OAuthError

with installed_by("gatepass[limits]"):
    from limits import parse
    from limits.errors import ConfigurationError
    from limits.storage import MemoryStorage, storage_from_string
    from limits.strategies import MovingWindowRateLimiter

_LOG = logging.getLogger("gatepass.guard")


class RateLimit:
    """A number of requests in a period, for each application: `RateLimit("100/minute")`.

    `storage` is where they are counted: `memory://`, separately in each process, or
    `redis://host:6379`, together; any other storage of the `limits` package works too. If the
    storage fails, requests pass and the log has a warning: a limit protects the capacity of an
    API, and is no access control. Raises ValueError for a limit or a storage that cannot be read.
    """

    def __init__(
        self, limit: str, storage: str = "memory://", *, clock: Callable[[], float] = time.time
    ) -> None:
        try:
            self._limit = parse(limit)
        except ValueError:
            raise ValueError(f'a rate limit has the form "100/minute"; {limit!r} has not') from None
        try:
            self._storage = storage_from_string(storage)
        except ConfigurationError as error:
            raise ValueError(str(error)) from None
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._clock = clock

    def count(self, client_id: str) -> Generator[Step, object, None]:
        """Count a request; raise OAuthError (429) over the limit, with the seconds to wait."""
        wait: object
        if type(self._storage) is MemoryStorage:  # which never waits
            wait = self._seconds(client_id)
        else:
            wait = yield RunInThread(partial(self._seconds, client_id))
        if isinstance(wait, int):
            raise OAuthError(
                "temporarily_unavailable",
                "Too many requests; wait before the next.",
                log_detail=f"client {client_id!r} is over the rate limit",
                reason="rate_limited",
                status=429,
                retry_after=wait,
            )

    def _seconds(self, client_id: str) -> int | None:
        """Count a request; return the seconds to wait if it is over the limit."""
        try:
            if self._limiter.hit(self._limit, "gatepass", client_id):
                return None
            reset_at = self._limiter.get_window_stats(self._limit, "gatepass", client_id).reset_time
        except Exception as error:  # noqa: BLE001 - whatever the storage raises
            _LOG.warning("the rate limit's storage failed: %s", type(error).__name__)
            return None
        return max(1, ceil(reset_at - self._clock()))
