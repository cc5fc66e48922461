"""A token that is held, and how good it still is; pure, the time is given."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from gatepass.wire.token_response import TokenResponse

UNSTATED_LIFETIME = 300  # seconds, where the server does not send expires_in

_EARLIEST, _SPREAD = 0.8, 0.1  # of the lifetime: renewed between 80 and 90 % of it ...
_LEFT = 10.0  # ... and no later than so many seconds before its end, if that is not before 80 %
_MARGIN, _LONGEST_MARGIN = 0.05, 5.0  # of the lifetime, at most so many seconds: time to travel


class State(StrEnum):
    """What may be done with a token: use it, use it and renew it, or renew it first."""

    FRESH = "fresh"
    STALE = "stale"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class CachedToken:
    """A token with the moments, in seconds of `clock.now`, when its state changes.

    Neither `repr` nor `str` shows it; unwrap `value` or `authorization` where it is sent.
    """

    response: TokenResponse
    asked_at: float
    refresh_at: float
    gone_at: float

    @classmethod
    def of(cls, response: TokenResponse, asked_at: float, jitter: float) -> Self:
        """Hold `response`, asked for at `asked_at`; `jitter` (0 to 1) was drawn for it alone.

        Counting from the question, not the answer, errs on the safe side; the jitter keeps a
        fleet that started together from renewing together.
        """
        lifetime = response.expires_in or UNSTATED_LIFETIME
        earliest, latest = lifetime * _EARLIEST, lifetime - _LEFT
        after = min(lifetime * (_EARLIEST + _SPREAD * jitter), max(earliest, latest))
        return cls(
            response,
            asked_at,
            refresh_at=asked_at + after,
            gone_at=asked_at + lifetime - min(lifetime * _MARGIN, _LONGEST_MARGIN),
        )

    def state(self, now: float) -> State:
        """Tell what may be done with the token at `now`."""
        if now < self.refresh_at:
            return State.FRESH
        return State.STALE if now < self.gone_at else State.GONE

    @property
    def value(self) -> str:
        """The access token itself."""
        return self.response.access_token.value

    @property
    def authorization(self) -> str:
        """The value of an Authorization header (RFC 6750 §2.1)."""
        return f"Bearer {self.response.access_token.value}"

    @property
    def scope(self) -> str | None:
        """The scope that was granted, None where the server does not say."""
        return self.response.scope

    @property
    def expires_in(self) -> int | None:
        """The lifetime in seconds as it was told, None where it was not."""
        return self.response.expires_in
