"""How long the token endpoint is left alone after an error. No clock, no lock: both are given."""

from copy import copy

from gatepass.client.errors import ClientError, TokenUnavailable

_PAUSE, _PAUSE_AFTER_REFUSAL, _LONGEST_PAUSE = 1.0, 10.0, 60.0  # seconds without a request
_LONGEST_EARLY_PAUSE = 30.0  # seconds between early renewals after one has failed


class Backoff:
    """When the next request may be made; times are in seconds of the source's clock."""

    def __init__(self) -> None:
        self.early_renewal_at = 0.0
        self.request_at = 0.0
        self._last_error: ClientError | None = None
        self._refusals = 0  # in a row

    def reset(self) -> None:
        """Forget the errors: a token came."""
        self.early_renewal_at = 0.0
        self._last_error = None
        self._refusals = 0

    def error(self, now: float) -> ClientError | None:
        """Return a copy of the last error while no request may be made, else None."""
        if self._last_error is None or now >= self.request_at:
            return None
        return copy(self._last_error)

    def delay_early_renewal(self, error: ClientError, now: float, expires_at: float) -> None:
        """Delay the next early renewal, at most until the token that still works has expired."""
        retry_after = error.retry_after if isinstance(error, TokenUnavailable) else 0.0
        pause = max(retry_after, min((expires_at - now) / 4, _LONGEST_EARLY_PAUSE))
        self.early_renewal_at = min(now + pause, expires_at)

    def delay_request(self, error: ClientError, now: float) -> None:
        """Delay the next request: a second or Retry-After, after refusals twice as long each."""
        if isinstance(error, TokenUnavailable):
            pause = max(_PAUSE, error.retry_after)
        else:
            pause = float(_PAUSE_AFTER_REFUSAL * 2 ** min(self._refusals, 10))
            self._refusals += 1
        self._last_error = copy(error)  # without the frames of its traceback
        self.request_at = now + min(pause, _LONGEST_PAUSE)
