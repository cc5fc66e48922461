"""The token rate limit: for applications that request a token for each call.

An application may have a limit of tokens an hour (of the clock). Each process counts its own as
it issues them; with every batch it learns what all of them together have issued, so the count
holds across processes within a few seconds.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.usage.model import HOUR
from gatepass.wire.errors import OAuthError

_MANY = 30  # tokens in an hour, below which no usage is wasteful
_TIMES_NEEDED = 10


class _Watched:
    """How many tokens this process has issued, and how many all of them in which hour."""

    __slots__ = ("counted", "known")

    def __init__(self, hour: int) -> None:
        self.counted = 0  # by this process; only the event loop adds
        # the hour, all tokens issued in it as the database knew, and how many of ours those hold
        self.known = (hour, 0, 0)


class IssuanceLimit:
    """Counts the tokens of applications that have a limit."""

    def __init__(self) -> None:
        self._watched: dict[UUID, _Watched] = {}

    def count(self, application: CachedApplication, now: float) -> str:
        """Count one more token at `now` (Unix seconds); return what to tell the client, or nothing.

        Raises OAuthError (429) where the limit is reached and enforced. To be called by one thread.
        """
        hour = int(now) // HOUR * HOUR
        watched = self._watched.get(application.id)
        if watched is None:
            watched = self._watched[application.id] = _Watched(hour)
        known_hour, total, ours = watched.known
        if known_hour != hour:
            total, ours = 0, watched.counted
            watched.known = (hour, total, ours)
        issued, limit = total + watched.counted - ours, application.rate_limit or 0
        if issued >= limit and application.rate_limit_mode == "enforce":
            raise _refused(application, limit, hour + HOUR - now)
        watched.counted += 1
        return _notice(application, issued + 1) if issued >= limit else ""

    def counted_this_hour(self, now: float) -> dict[UUID, int]:
        """Return the applications that are active this hour, and what was counted of each."""
        hour = int(now) // HOUR * HOUR
        every = list(self._watched.items())
        return {app_id: each.counted for app_id, each in every if each.known[0] == hour}

    def correct(self, now: float, totals: Mapping[UUID, int], marks: Mapping[UUID, int]) -> None:
        """Learn what all processes together have issued this hour, when `marks` were ours."""
        hour = int(now) // HOUR * HOUR
        for app_id, watched in list(self._watched.items()):
            if app_id in marks:
                watched.known = (hour, totals.get(app_id, 0), marks[app_id])
            elif watched.known[0] < hour - HOUR:
                self._watched.pop(app_id, None)


def hour_of(now: float) -> datetime:
    """Return the start of the hour."""
    return datetime.fromtimestamp(int(now) // HOUR * HOUR, UTC)


def is_wasteful(issued: int, lifetime: int) -> bool:
    """Return whether so many tokens in an hour are far more than their lifetime (seconds) needs."""
    needed = max(1, HOUR / lifetime)
    return issued >= max(_MANY, _TIMES_NEEDED * needed)


def _notice(application: CachedApplication, issued: int) -> str:
    return (
        f"This application was issued {issued} tokens this hour; its limit is "
        f"{application.rate_limit}. A token lives {application.token_lifetime} seconds: "
        "keep it and use it until it expires."
    )


def _refused(application: CachedApplication, limit: int, left: float) -> OAuthError:
    return OAuthError(
        "temporarily_unavailable",
        f"The limit of {limit} tokens an hour is reached. A token lives "
        f"{application.token_lifetime} seconds: keep it and use it until it expires.",
        log_detail=f"over the limit of {limit} tokens an hour",
        reason="rate_limit",
        status=429,
        retry_after=max(1, -int(-left // 1)),
    )
