"""A token that is held, and how good it still is; pure, the time is given."""

from dataclasses import dataclass
from enum import Enum
from typing import Self

from gatepass.wire.token import TokenResponse

UNSTATED_LIFETIME = 300  # seconds, where the server does not send expires_in
_EARLIEST, _SPREAD = 0.8, 0.1  # of the lifetime: renewed between 80 and 90 %
_MARGIN, _LONGEST_MARGIN = 0.05, 5.0  # of the lifetime, at most so many seconds: time to travel


class State(Enum):
    """What may be done with a token."""

    FRESH = "use it"
    STALE = "use it and renew it"
    GONE = "renew it first"


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token with the moments, in seconds of a monotonic clock, when its state changes."""

    response: TokenResponse
    refresh_at: float
    gone_at: float

    @classmethod
    def of(cls, response: TokenResponse, asked_at: float, jitter: float) -> Self:
        """Hold `response`, asked for at `asked_at`; `jitter` (0 to 1) was drawn for it alone.

        Counting from the question, not the answer, errs on the safe side; the jitter keeps a
        fleet that started together from renewing together.
        """
        lifetime = response.expires_in or UNSTATED_LIFETIME
        return cls(
            response,
            refresh_at=asked_at + lifetime * (_EARLIEST + _SPREAD * jitter),
            gone_at=asked_at + lifetime - min(lifetime * _MARGIN, _LONGEST_MARGIN),
        )

    def state(self, now: float) -> State:
        """Tell what may be done with the token at `now`."""
        if now < self.refresh_at:
            return State.FRESH
        return State.STALE if now < self.gone_at else State.GONE
