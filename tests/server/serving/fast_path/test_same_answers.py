"""Both doors answer alike: the same ten thousand requests, as bytes, through each of them."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs

from gatepass.server.environment.environment import Environment
from gatepass.server.observability.metrics.counters import COUNTERS
from gatepass.testing import Clock
from server.fixtures import LIVE, TEST, new_clock
from server.serving.fast_path.doors import Door, Line, door
from server.serving.fast_path.requests import HOW_MANY, Ask, People, ten_thousand

pytestmark = pytest.mark.slow

_TOKEN = re.compile(rb"gpa_(live|test)_[0-9A-Za-z]{80,200}")
_STEP = 3.0  # seconds between requests, so that failures do not all end as 429

Seen = list[tuple[Any, ...]]


class Doors(NamedTuple):
    fast: Door
    asgi: Door
    clock: Clock
    people: People


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    data: Path = tmp_path_factory.mktemp("doors") / "data"
    clock = new_clock()
    with door(data, clock) as fast, door(data, clock, fast_path=False) as asgi:
        one, other = fast.server.register(), fast.server.register()
        sandboxed = fast.server.register(TEST)
        tokens = (
            fast.server.token(one),
            fast.server.token(other, scope="read"),
            fast.server.token(sandboxed, TEST),
        )
        for mode in (LIVE, TEST):
            fast.server.environment(mode).usage.take(0.0)  # the uses above
        yield Doors(fast, asgi, clock, People(one, other, sandboxed, tokens))


class Visitor:
    """Asks one door, over one connection for as long as it is good."""

    def __init__(self, at: Door) -> None:
        self._door = at
        self._line: Line | None = None

    def ask(self, ask: Ask) -> Seen:
        if ask.is_framed_oddly:
            self.leave()
        line = self._line = self._line or self._door.connect()
        seen = self._ask(line, ask)
        if ask.is_framed_oddly:
            self.leave()
            self._door.rest()
        return seen

    def leave(self) -> None:
        if self._line:
            self._line.socket.close()
        self._line = None

    def _ask(self, line: Line, ask: Ask) -> Seen:
        if not ask.is_whole:
            # Who goes early gets an answer or none, as it happens; what counts is that it is over.
            line.say_last(ask.raw())
            while line.hear(to_head=ask.method == "HEAD"):
                pass
            return [("over", line.is_over())]
        line.say(ask.raw())
        seen: Seen = []
        while True:
            response = line.hear(to_head=ask.method == "HEAD")
            if response is None:
                self.leave()
                return [*seen, ("the end",)]
            seen.append(_shape(response.line, response.headers, response.body))
            if response.ends:
                seen.append(("closed", ask.method == "HEAD" or line.is_over()))
                self.leave()
            if response.status >= 200:
                return seen


def _shape(line: bytes, headers: list[tuple[bytes, ...]], body: bytes) -> tuple[Any, ...]:
    """Return what is the same of two answers: not the date, and a token only as such."""
    names = [name for name, *_ in headers]
    assert names.count(b"date") <= 1
    token = _TOKEN.search(body) if b'"access_token"' in body else None
    kept = [each for each in headers if each[0] not in {b"date", b"x-auth-assertion"}]
    if token:
        kept = [each for each in kept if each[0] != b"content-length"]
        assert (b"content-length", b"%d" % len(body)) in headers
        body = _TOKEN.sub(b"<token>", body)
    return line, names, kept, body


def _count(environment: Environment) -> dict[str, Any]:
    """Return what was counted, by what does not depend on the door."""
    batch = environment.usage.take(environment.clock())
    return batch._asdict() if batch else {}


def _figures() -> Counter[object]:
    """Return what was measured, but for how long it took."""
    told: Counter[object] = Counter()
    told.update({row[:3]: sum(row.buckets) for row in COUNTERS.rows()})
    gauges = ("_open", "_limit")  # of connections: the first one sets the limit
    values = {key: int(value) for key, value in COUNTERS.values() if not key[0].endswith(gauges)}
    told.update(values)
    return told


def test_ten_thousand_requests_are_answered_logged_and_counted_alike_at_both_doors(
    doors: Doors,
) -> None:
    asked, plain, unlike = 0, 0, []
    with ExitStack() as stack, capture_logs() as logged:
        at_fast_path, at_asgi = Visitor(doors.fast), Visitor(doors.asgi)
        stack.callback(at_fast_path.leave)
        stack.callback(at_asgi.leave)
        for name, ask in ten_thousand(doors.people):
            asked += 1
            doors.clock.advance(_STEP)
            if name.endswith("plain"):  # what both have in memory
                plain += 1
                for _ in range(2):
                    at_asgi.ask(ask)
                    before = doors.fast.by_fast_path
                    at_fast_path.ask(ask)
                assert doors.fast.by_fast_path == before + 1, name
            answers = []
            for each in (at_fast_path, at_asgi):
                logged.clear()
                before_it = _figures()
                answers.append((each.ask(ask), list(logged), _figures() - before_it))
            one, other = answers
            if one != other:
                unlike.append((name, one, other))

    assert unlike == []
    assert asked == HOW_MANY
    assert plain > HOW_MANY / 10
    for mode in (LIVE, TEST):
        counts = [_count(each.server.environment(mode)) for each in (doors.fast, doors.asgi)]
        assert counts[0] == counts[1]
    assert doors.asgi.by_fast_path == 0
    assert doors.fast.by_fast_path > HOW_MANY / 2
