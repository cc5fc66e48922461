"""What a library adds to a call with a fresh token.

`python -m bench.client.overhead peers|ours PORT` runs in the environment of the libraries and
prints JSON, the microseconds by subject. A transport in memory answers the calls at once; the
same client without tokens is measured in turn with it, batch by batch, and the median of the
differences is the figure. It is the thread's processor time, so that
other programs disturb it little.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import cast

from bench.client.fake_server import Manner, Standin
from bench.peers.client.subjects import SUBJECTS, Call, Given, OpenApi, Subject

_BATCH = 40  # calls
_PAIRS = 150  # of batches, with and without


def overhead(subject: Subject, token_url: str) -> float:
    """Return the microseconds that `subject` adds to a call."""
    given = Given(token_url, OpenApi())
    with asyncio.Runner() as loop:
        batch = _async_batch(loop) if subject.is_async else _batch
        mine, plain = subject.call(given), subject.plain(given)
        for call in (mine, plain) * 3:
            batch(call)  # the first token is fetched, and the code is warm
        gc.disable()
        differences = [batch(mine) - batch(plain) for _ in range(_PAIRS)]
        gc.enable()
    return median(differences) / _BATCH / 1e3


def _batch(call: Call) -> int:
    """Return the nanoseconds of a batch of calls."""
    once = cast("Callable[[], int]", call)
    began = time.thread_time_ns()
    for _ in range(_BATCH):
        once()
    return time.thread_time_ns() - began


def _async_batch(loop: asyncio.Runner) -> Callable[[Call], int]:
    async def several(call: Callable[[], Awaitable[int]]) -> int:
        began = time.thread_time_ns()
        for _ in range(_BATCH):
            await call()
        return time.thread_time_ns() - began

    return lambda call: loop.run(several(cast("Callable[[], Awaitable[int]]", call)))


def main(whose: str, port: str) -> None:
    """Measure those of one environment and print them."""
    endpoint = Standin(int(port))
    endpoint.behave(Manner(delay=0.0))
    subjects = [each for each in SUBJECTS if each.is_peer == (whose == "peers")]
    print(json.dumps({each.name: overhead(each, endpoint.token_url) for each in subjects}))


if __name__ == "__main__":
    main(*sys.argv[1:])
