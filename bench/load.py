"""Loads a server with wrk, and reads what wrk prints."""

import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request as UrlRequest

from bench.processes import NotMeasuredError, ask, cpu_seconds

CONNECTIONS = (32, 128)
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
_WARM = 2  # seconds; clients are read from the database once, and node compiles as it runs
_PATIENCE = 120  # seconds that one answer may take
_SCRIPT = """\
local requests = {{
{requests}}}
local last = 0
request = function()
  last = last % #requests + 1
  return requests[last]
end
"""
VALUE = "@VALUE@"
"""In a request: where each value of a target's file is put in turn. Dashes behind it belong to it,
so that a body has the length that it will have."""

_VARIED = """\
local values, before, after = {{}}, {before}, {after}
for line in io.lines({values}) do values[#values + 1] = line end
local count, last = #values, {start} % #values
request = function()
  last = last % count + 1
  return before .. values[last] .. after
end
"""


class Figures(NamedTuple):
    """What wrk measured; latencies in milliseconds, processor time in microseconds a request."""

    per_second: float
    cpu: float
    p50: float
    p99: float


class Ratio(NamedTuple):
    """How many times the requests/s of another, and how many times the work per CPU time."""

    by_rate: float
    by_cpu: float


@dataclass(frozen=True)
class Request:
    """One request; `headers` without Host and Content-Length."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: str = field(default="", repr=False)

    def text(self, host: str) -> str:
        """Return the bytes that go over the wire, all ASCII."""
        length = {"Content-Length": str(len(self.body))} if self.body else {}
        headers = {"Host": host, **self.headers, **length}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}\r\n{self.body}"


@dataclass(frozen=True)
class Target:
    """A server that runs, and the requests it is sent in turn.

    With a file of values there is one request, sent with the value of each line in turn: a
    million requests take too much memory.
    """

    name: str
    port: int
    process_id: int
    requests: tuple[Request, ...]
    values: Path | None = None
    scheme: str = "http"


class Turn(NamedTuple):
    """What one server does in every round: it is loaded over so many connections."""

    name: str
    load: Callable[[int], Figures]


class Series(NamedTuple):
    """One target's figures, round by round."""

    name: str
    rounds: tuple[Figures, ...]

    def median(self) -> Figures:
        """Return the median of each figure."""
        return Figures(*(median(column) for column in zip(*self.rounds, strict=True)))

    def ratio(self, other: "Series") -> Ratio:
        """Return the median of the rounds' ratios, each of neighbours in time."""
        pairs = list(zip(self.rounds, other.rounds, strict=True))
        return Ratio(
            median(mine.per_second / its.per_second for mine, its in pairs),
            median(its.cpu / mine.cpu for mine, its in pairs),
        )


def steady(target: Target, seconds: int) -> Turn:
    """Return the turn of a server that goes on running between the rounds, and is warm."""
    wrk(target, CONNECTIONS[0], _WARM)
    return Turn(target.name, lambda connections: wrk(target, connections, seconds))


def in_turns(turns: Sequence[Turn], rounds: int, connections: int) -> dict[str, Series]:
    """Load every server in every round; give the series by their names."""
    measured = [[turn.load(connections) for turn in turns] for _ in range(rounds)]
    return {
        turn.name: Series(turn.name, tuple(each[place] for each in measured))
        for place, turn in enumerate(turns)
    }


def wrk(
    target: Target,
    connections: int,
    seconds: int,
    before: Sequence[str] = (),
    start: int | None = None,
) -> Figures:
    """Load a target as fast as it answers; end the program where an answer is not 2xx.

    `before` is put in front of the command, as to pin the load generator to a processor. A file of
    values is read from line `start` on, by default from any.
    """
    used = -cpu_seconds(target.process_id)
    with running_wrk(target, connections, seconds, before, start) as process:
        output, errors = process.communicate()
    used += cpu_seconds(target.process_id)
    if process.returncode:
        sys.exit(f"{target.name}: wrk failed: {output}{errors}")
    return _read(target, output, used)


@contextmanager
def running_wrk(
    target: Target,
    connections: int,
    seconds: int,
    before: Sequence[str] = (),
    start: int | None = None,
    pause: int = 0,
) -> Iterator["subprocess.Popen[str]"]:
    """Run what `wrk` runs beside the block, and wait for its end.

    Each connection waits for `pause` milliseconds before a request.
    """
    program = shutil.which("wrk")
    if program is None:
        sys.exit("The benchmarks need wrk. Install it: apt-get install wrk")
    host = f"127.0.0.1:{target.port}"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_script(host, target, random.randrange(2**31) if start is None else start))
        script.write(f"function delay() return {pause} end\n" if pause else "")
        script.flush()
        how = ["-t1", f"-c{connections}", f"-d{seconds}", f"--timeout={_PATIENCE}s", "--latency"]
        command = [*before, program, *how, "-s", script.name, f"{target.scheme}://{host}"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
            yield process


def _script(host: str, target: Target, start: int) -> str:
    texts = [each.text(host) for each in target.requests]
    if target.values is None:
        return _SCRIPT.format(requests="".join(f"  {_lua(text)},\n" for text in texts))
    before, after = re.split(f"{VALUE}-*", texts[0], maxsplit=1)
    values = _lua(str(target.values))
    return _VARIED.format(before=_lua(before), after=_lua(after), values=values, start=start)


def _lua(text: str) -> str:
    """Return a Lua string; what is sent has no other character that needs an escape."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\r", "\\r").replace("\n", "\\n") + '"'


def _read(target: Target, output: str, used: float) -> Figures:
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"{target.name}: not every request was answered:\n{output}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    total = re.search(r"(\d+) requests in", output)
    if rate is None or total is None or int(total[1]) == 0:
        sys.exit(f"{target.name}: no request was answered:\n{output}")
    cpu = used / int(total[1]) * 1e6
    return Figures(float(rate[1]), cpu, _latency(output, 50), _latency(output, 99))


def _latency(text: str, percentile: int) -> float:
    found = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", text)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")


def answer(target: Target) -> bytes:
    """Return the body that answers a target's first request; raise NotMeasuredError unless 2xx."""
    first = target.requests[0]
    url = f"http://127.0.0.1:{target.port}{first.path}"
    body = first.body.encode() or None
    request = UrlRequest(url, body, dict(first.headers), method=first.method)
    try:
        with ask(request, timeout=_PATIENCE) as response:
            read: bytes = response.read()
            return read
    except HTTPError as error:
        why = f"{first.method} {first.path} answered {error.code}"
        raise NotMeasuredError(f"{target.name}: {why}") from None
    except URLError as error:
        raise NotMeasuredError(f"{target.name}: {error.reason}") from None
