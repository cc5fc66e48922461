"""A clock that a test can advance."""

import time


class Clock:
    """Returns the seconds since 1970, plus what a test has advanced it by."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        """Return the seconds since 1970, plus the advance."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Advance by `seconds`, or go back where they are negative."""
        self._ahead += seconds
