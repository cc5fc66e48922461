"""What a client does on a bad day: `python -m bench.client.failure_scenarios SUBJECT DAY PORT`.

Runs in the environment of the library that is measured and prints JSON: how many token requests
were made, and how the calls ended. Token requests are counted by the fake server on PORT; where
nothing listens, by the connections that the process tried. Each day has a process of its own,
because a library may keep tokens for the whole process.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Barrier, stack_size
from typing import TypeAlias, cast

from bench.client.fake_server import SECRET, Manner, Standin
from bench.peers.client.subjects import SUBJECTS, Api, Call, Given, Subject
from bench.processes import free_port

MANY, BURST, FEW, IN_TURN = 1000, 200, 50, 20  # callers at once; calls one after the other
RENEWED_AFTER = 3.2  # seconds until the burst's token is renewed, in the middle of it
BURST_FOR = 5.0  # seconds
LATE_AFTER, LATE_FOR = 6.4, 7.3  # where the endpoint is down when a renewal is due
DOWN_FOR = 3.0
_NEW_SECRET = SECRET + "-rotated"
_THERE, _BACK = 0.02, 0.18  # seconds to the API and back, in bursts
_AROUND = _THERE + _BACK  # a caller whose call was not sent is as slow to make the next one
_ANSWERED = {"200", "401"}


@dataclass(frozen=True)
class Day:
    """How a day went: token requests, calls by how they ended, seconds until the last ended."""

    requests: int
    ended: dict[str, int]
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """Calls that the API did not answer with 200."""
        return sum(count for how, count in self.ended.items() if how != "200")

    @property
    def kinds(self) -> str:
        """The errors and bad statuses, most frequent first."""
        ordered = sorted(self.ended.items(), key=lambda each: -each[1])
        return ", ".join(how for how, _ in ordered if how != "200") or "-"


_Ended: TypeAlias = "Counter[str]"
_Sync: TypeAlias = Callable[[], int]
_Async: TypeAlias = Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class _Bench:
    subject: Subject
    endpoint: Standin
    loop: asyncio.Runner  # one, because an async client belongs to the loop it was first used in

    def client(self, api: Api, manner: Manner, secret_file: Path | None = None) -> Call:
        """Set the client up, and the endpoint to behave so."""
        self.endpoint.behave(manner)
        return self.subject.call(Given(self.endpoint.token_url, api, secret_file))

    def at_once(self, call: Call, callers: int, until: float = 0.0) -> _Ended:
        """Have callers call together, once, or repeatedly until that time."""
        if self.subject.is_async:
            return self.loop.run(_tasks_at_once(cast("_Async", call), callers, until))
        return _threads_at_once(cast("_Sync", call), callers, until)

    def in_turn(self, call: Call, calls: int) -> _Ended:
        """Have one caller call."""
        if self.subject.is_async:
            return self.loop.run(_tasks_in_turn(cast("_Async", call), calls))
        return Counter(_how(cast("_Sync", call)) for _ in range(calls))


def _how(call: _Sync) -> str:
    try:
        return str(call())
    except Exception as error:  # noqa: BLE001 - whatever the library raises is its answer
        return type(error).__name__


async def _ahow(call: _Async) -> str:
    try:
        return str(await call())
    except Exception as error:  # noqa: BLE001 - whatever the library raises is its answer
        return type(error).__name__


def _threads_at_once(call: _Sync, callers: int, until: float) -> _Ended:
    barrier = Barrier(callers)

    def caller() -> _Ended:
        barrier.wait()
        ended = Counter([_how(call)])
        while time.monotonic() < until:
            how = _how(call)
            ended[how] += 1
            time.sleep(0 if how in _ANSWERED else _AROUND)
        return ended

    stack_size(256 * 1024)
    with ThreadPoolExecutor(callers) as pool:
        several = [pool.submit(caller) for _ in range(callers)]
        return sum((each.result() for each in several), Counter())


async def _tasks_at_once(call: _Async, callers: int, until: float) -> _Ended:
    async def caller() -> _Ended:
        ended = Counter([await _ahow(call)])
        while time.monotonic() < until:
            how = await _ahow(call)
            ended[how] += 1
            await asyncio.sleep(0 if how in _ANSWERED else _AROUND)
        return ended

    return sum(await asyncio.gather(*(caller() for _ in range(callers))), Counter())


async def _tasks_in_turn(call: _Async, calls: int) -> _Ended:
    return Counter([await _ahow(call) for _ in range(calls)])


def cold_start(bench: _Bench) -> Day:
    """Start many callers without a token."""
    return _call_together(bench, MANY, Manner())


def down_then_up(bench: _Bench) -> Day:
    """Start a few without a token while the endpoint answers 503."""
    return _call_together(bench, FEW, Manner(down_for=DOWN_FOR, delay=0.01))


def _call_together(bench: _Bench, callers: int, manner: Manner) -> Day:
    call = bench.client(Api(), manner)
    before, began = bench.endpoint.count(), time.monotonic()
    ended = bench.at_once(call, callers)
    took = time.monotonic() - began
    return Day(bench.endpoint.count() - before, dict(ended), took)


def nobody_there(bench: _Bench) -> Day:
    """Start a few without a token while nothing listens at the token URL."""
    port, tried = free_port(), Counter[int]()

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            tried[arguments[1][1]] += 1

    sys.addaudithook(hear)
    call = bench.subject.call(Given(f"http://127.0.0.1:{port}/token", Api()))
    began = time.monotonic()
    ended = bench.at_once(call, FEW)
    return Day(tried[port], dict(ended), time.monotonic() - began)


def refused_once(bench: _Bench) -> Day:
    """Call an API that refuses the token, which was revoked."""
    return _refused(bench, 1, for_good=False)


def refused_always(bench: _Bench) -> Day:
    """Call an API that refuses every token, one call after the other."""
    return _refused(bench, IN_TURN, for_good=True)


def _refused(bench: _Bench, calls: int, *, for_good: bool) -> Day:
    api = Api()
    call = bench.client(api, Manner(delay=0.01))
    _warm(bench, call)
    before = bench.endpoint.count()
    api.refused, api.refuses_all = {1}, for_good  # 1 is the first token's number
    return _told(bench, before, bench.in_turn(call, calls))


def expiry(bench: _Bench) -> Day:
    """Have a token to renew in the middle of a burst of calls."""
    lifetime = bench.subject.lifetime(RENEWED_AFTER)
    call = bench.client(Api(_THERE, _BACK), Manner(lifetimes=(lifetime, 3600)))
    until = time.monotonic() + BURST_FOR
    _warm(bench, call)
    before = bench.endpoint.count()
    return _told(bench, before, bench.at_once(call, BURST, until))


def down_at_renewal(bench: _Bench) -> Day:
    """Have a token to renew, good for a while yet, while the endpoint answers 503."""
    lifetime = bench.subject.lifetime(LATE_AFTER)
    manner = Manner(lifetimes=(lifetime,), tokens=1, delay=0.01)
    call = bench.client(Api(_THERE, _BACK), manner)
    until = time.monotonic() + LATE_FOR
    _warm(bench, call)
    before = bench.endpoint.count()
    return _told(bench, before, bench.at_once(call, FEW, until))


def rotated(bench: _Bench) -> Day:
    """Have a token to renew after the secret, which lies in a file, was rotated."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "secret")
        file.touch(0o600)
        file.write_text(SECRET)
        manner = Manner(lifetimes=(bench.subject.lifetime(2), 3600), delay=0.01)
        call = bench.client(Api(), manner, file)
        _warm(bench, call)
        file.write_text(_NEW_SECRET)
        bench.endpoint.rotate(_NEW_SECRET)
        before = bench.endpoint.count()
        time.sleep(3)  # to be renewed now, also for who rounds seconds
        return _told(bench, before, bench.in_turn(call, IN_TURN))


def _warm(bench: _Bench, call: Call) -> None:
    """Make the first call, with the first token."""
    ended = bench.in_turn(call, 1)
    if ended != {"200": 1}:
        sys.exit(f"{bench.subject.name}: the first call ended with {dict(ended)}")


def _told(bench: _Bench, before: int, ended: _Ended) -> Day:
    return Day(bench.endpoint.count() - before, dict(ended))


DAYS = (
    cold_start,
    refused_once,
    refused_always,
    expiry,
    down_at_renewal,
    down_then_up,
    nobody_there,
    rotated,
)


def main(name: str, what: str, port: str) -> None:
    """Live through one day and print it."""
    subject = next(each for each in SUBJECTS if each.name == name)
    day = next(each for each in DAYS if each.__name__ == what)
    with asyncio.Runner() as loop:
        print(json.dumps(asdict(day(_Bench(subject, Standin(int(port)), loop)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
