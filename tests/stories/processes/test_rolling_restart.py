"""A rolling restart of two nodes behind nginx and HAProxy: no request fails.

`python -m bench.reliability.rolling_restart` does the same twenty times, with the times as shipped.
"""

from pathlib import Path

import pytest

from bench.processes import NotMeasuredError
from bench.reliability import rolling_restart

# Shorter times in the same proportion.
_DRAIN = 2.0  # seconds
_SOONER = {"inter 1s": "inter 300ms", "fail_timeout=2s": "fail_timeout=1s"}


def test_two_rolling_restarts_under_load_lose_no_request(tmp_path: Path) -> None:
    try:
        restarts = rolling_restart.measure(2, tmp_path, _DRAIN, _SOONER)
    except NotMeasuredError as missing:
        pytest.skip(str(missing))

    assert restarts.failed() == {}
    assert list(restarts.stops) == [0] * 4
    assert min(outcomes["200"] for outcomes in restarts.outcomes.values()) > 200
