"""Where a guard is told which tokens were revoked: the place that a feed's follower fills."""

from typing import Literal, Protocol, TypeAlias

State: TypeAlias = Literal["fresh", "stale"]
OnStale: TypeAlias = Literal["introspect", "refuse", "allow"]


class Revocations(Protocol):
    """What is known of revocations; asked at each request, and from any thread. Never waits."""

    def state(self, now: float, /) -> State:
        """Tell whether what is known is up to date at `now` (seconds since 1970)."""
        ...

    def lag(self, now: float, /) -> float | None:
        """Give for how many seconds nothing was heard; None where nothing ever was."""
        ...

    def is_revoked(
        self, jti: str | None, client_id: str, issued_at: int | None, kid: str | None, /
    ) -> bool:
        """Tell whether a token was revoked, its application's tokens voided or its key removed.

        `kid` is None for a token that was introspected.
        """
        ...
