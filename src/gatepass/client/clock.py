"""The client's clock: monotonic, and going on while the machine sleeps.

A wall clock that is set an hour forth or back would kill or prolong tokens; a monotonic clock
that stands still in suspend would take a token for fresh that expired overnight.
"""

import sys
import time


def now() -> float:
    """Give seconds since a moment that is fixed until the machine boots again."""
    return time.clock_gettime(_CLOCK)


if sys.platform == "linux":
    _CLOCK = time.CLOCK_BOOTTIME
else:
    _CLOCK = time.CLOCK_MONOTONIC
