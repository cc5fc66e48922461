"""A clock that a test moves."""

import time


class Clock:
    """Gives the seconds since 1970, and is moved on without waiting."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        """Give the seconds since 1970, as far as the test has moved on."""
        return time.time() + self._ahead

    def move(self, seconds: float) -> None:
        """Go on by so many seconds, or back by them where they are negative."""
        self._ahead += seconds
