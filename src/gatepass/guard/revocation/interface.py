"""The interface by which a guard asks for revocations; `Feed` implements it."""

from typing import Literal, Protocol, TypeAlias

State: TypeAlias = Literal["fresh", "stale"]
OnStale: TypeAlias = Literal["introspect", "refuse", "allow"]


class Revocations(Protocol):
    """Known revocations; called for each request, from any thread. Never waits."""

    def state(self, now: float, /) -> State:
        """Return whether the revocations are up to date at `now` (seconds since 1970)."""

    def lag(self, now: float, /) -> float | None:
        """Return the seconds since they were last up to date; None if they never were."""

    def is_revoked(
        self, jti: str | None, client_id: str, issued_at: int | None, kid: str | None, /
    ) -> bool:
        """Return whether a token, all its application's tokens, or its key was revoked.

        `kid` is None for a token that was introspected.
        """
