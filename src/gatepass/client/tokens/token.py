"""A cached token and its state at a given time. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from gatepass.wire.token_response import TokenResponse

UNSTATED_LIFETIME = 300  # seconds, where the server does not send expires_in

_EARLIEST, _SPREAD = 0.8, 0.1  # of the lifetime: renewed between 80 and 90 % of it ...
_LEFT = 10.0  # ... and no later than so many seconds before its end, if that is not before 80 %
_MARGIN, _LONGEST_MARGIN = 0.05, 5.0  # of the lifetime, at most so many seconds


class State(StrEnum):
    """What to do with a token: use it (fresh), use it and renew it (stale), or renew it first."""

    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CachedToken:
    """A token with the times, in seconds of `clock.now`, when its state changes.

    It counts as expired a margin before the server's own expiry, so that it does not expire on
    its way. Neither `repr` nor `str` shows it; read `value` or `authorization` to send it. `jkt`
    is the thumbprint of the key to which it is bound (RFC 9449 §6), empty for a Bearer token.
    `secret_expires_at` is when the client secret that it was requested with expires, where the
    server says so.
    """

    response: TokenResponse
    requested_at: float
    refresh_at: float
    expires_at: float
    secret_expires_at: datetime | None = None
    jkt: str = ""

    @classmethod
    def of(
        cls,
        response: TokenResponse,
        requested_at: float,
        jitter: float,
        secret_expires_at: datetime | None = None,
    ) -> Self:
        """Return the token of `response`; `jitter` is a random number from 0 to 1.

        Counting from the request, not the response, errs on the safe side; the jitter keeps a
        fleet that started together from renewing together.
        """
        lifetime = response.expires_in or UNSTATED_LIFETIME
        earliest, latest = lifetime * _EARLIEST, lifetime - _LEFT
        after = min(lifetime * (_EARLIEST + _SPREAD * jitter), max(earliest, latest))
        return cls(
            response,
            requested_at,
            refresh_at=requested_at + after,
            expires_at=requested_at + lifetime - min(lifetime * _MARGIN, _LONGEST_MARGIN),
            secret_expires_at=secret_expires_at,
        )

    def state(self, now: float) -> State:
        """Return the state of the token at `now`."""
        if now < self.refresh_at:
            return State.FRESH
        return State.STALE if now < self.expires_at else State.EXPIRED

    @property
    def value(self) -> str:
        """The access token itself."""
        return self.response.access_token.value

    @property
    def authorization(self) -> str:
        """The value of an Authorization header (RFC 6750 §2.1, RFC 9449 §7.1).

        A bound token needs a proof beside it: see `TokenSource.headers`.
        """
        return f"{self.response.token_type} {self.response.access_token.value}"

    @property
    def scope(self) -> str | None:
        """The scope that was granted, None where the server does not say."""
        return self.response.scope

    @property
    def expires_in(self) -> int | None:
        """The lifetime in seconds as the server stated it, None where it did not."""
        return self.response.expires_in
