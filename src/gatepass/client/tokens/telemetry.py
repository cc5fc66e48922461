"""The log, metrics, hooks and status counters of a token source."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol, TypeVar

from gatepass.client.errors import ClientError, TokenRefused
from gatepass.client.tokens.token import CachedToken, State

WARN_WITHIN = timedelta(days=30)
"""How long before the end of a client secret its use is logged as a warning."""

_log = logging.getLogger("gatepass.client")

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a token source, for a health check; without a token or a secret.

    `state` is that of the token now; `age` and `seconds_left` are in seconds, None while there
    is no token. `last_error` is the message of the latest token request if that failed.
    `renewals` counts new tokens, `failures` token requests that failed, `refusals` those
    of them that the token endpoint refused, and `rejections` tokens that an API answered with
    401. `secret_expires_at` is when the client secret in use expires, where the server says so.
    """

    state: State
    age: float | None
    seconds_left: float | None
    last_error: str | None
    renewals: int
    failures: int
    refusals: int
    rejections: int
    secret_expires_at: datetime | None = None


class Telemetry:
    """Counts, logs and calls the hooks; used outside of every lock, as a hook may need a token."""

    def __init__(
        self,
        client_id: str,
        on_token: Callable[[CachedToken], object] | None,
        on_refused: Callable[[TokenRefused], object] | None,
    ) -> None:
        self._labels = {"client_id": client_id}
        self._on_token = on_token
        self._on_refused = on_refused
        self.last_error: str | None = None
        self.renewals = self.failures = self.refusals = self.rejections = 0

    def record_renewal(self, token: CachedToken, seconds: float) -> None:
        """Record a new token that took `seconds` to get."""
        self.renewals += 1
        self.last_error = None
        lifetime = f"{token.expires_in} s" if token.expires_in else "unstated"
        _log.info("token renewed, lifetime %s", lifetime)
        self._warn_of_expiry(token)
        self._count("renewed", seconds)
        _call_hook(self._on_token, token)

    def _warn_of_expiry(self, token: CachedToken) -> None:
        """Log a warning with each new token in the last days of the client secret."""
        expiry = token.secret_expires_at
        if expiry is not None and expiry - datetime.now(UTC) <= WARN_WITHIN:
            _log.warning(
                "the client secret expires at %s: rotate it in the portal and deploy the new one",
                expiry.isoformat(),
            )

    def record_failure(self, error: ClientError, seconds: float, *, early: bool) -> None:
        """Record a failed token request that took `seconds`; `early`: a token still works."""
        self.failures += 1
        self.last_error = str(error)
        if early:
            _log.warning("early renewal failed, the old token is used on: %s", error)
        else:
            _log.error("token request failed: %s", error)
        is_refusal = isinstance(error, TokenRefused)
        self._count("refused" if is_refusal else "unavailable", seconds)
        if isinstance(error, TokenRefused):
            self.refusals += 1
            _call_hook(self._on_refused, error)

    def record_rejection(self, *, renews: bool) -> None:
        """Record that an API answered 401 to a token; `renews`: whether it is renewed now."""
        self.rejections += 1
        advice = "it is renewed" if renews else "a new one was refused alike: see the API's reason"
        _log.log(
            logging.INFO if renews else logging.WARNING, "an API refused the token; %s", advice
        )
        instruments = _instruments()
        if instruments is not None:
            instruments.rejections.add(1, self._labels)

    def _count(self, outcome: str, seconds: float) -> None:
        instruments = _instruments()
        if instruments is not None:
            labels = self._labels | {"outcome": outcome}
            instruments.requests.add(1, labels)
            instruments.duration.record(seconds, labels)


class _Counter(Protocol):
    def add(self, amount: int, attributes: Mapping[str, str]) -> None: ...


class _Histogram(Protocol):
    def record(self, amount: float, attributes: Mapping[str, str]) -> None: ...


@dataclass(frozen=True, slots=True)
class _Instruments:
    requests: _Counter
    duration: _Histogram
    rejections: _Counter


@lru_cache(maxsize=1)
def _instruments() -> _Instruments | None:
    """Return the instruments of OpenTelemetry where its API is installed."""
    try:
        from opentelemetry import metrics  # an extra, and slow to load
    except ImportError:
        return None
    meter = metrics.get_meter("gatepass.client")
    return _Instruments(
        meter.create_counter(
            "gatepass.client.token.requests", "{request}", "Token requests by outcome."
        ),
        meter.create_histogram(
            "gatepass.client.token.request.duration", "s", "Time until a token or an error came."
        ),
        meter.create_counter(
            "gatepass.client.token.rejections", "{token}", "Tokens that an API answered with 401."
        ),
    )


def _call_hook(hook: Callable[[Event], object] | None, event: Event) -> None:
    """Call a hook of the user; log its errors, which must not cost a caller its token."""
    if hook is None:
        return
    try:
        hook(event)
    except Exception:  # noqa: BLE001 - a hook may raise anything
        _log.exception("a hook failed")
