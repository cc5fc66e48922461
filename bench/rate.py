"""Loads a server at a fixed rate, which waits for no answer."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from statistics import quantiles
from typing import NamedTuple

from bench.load import Request


class Asked(NamedTuple):
    """How long each answer took (ms), and how many had each status."""

    latencies: list[float]
    statuses: Counter[int]

    def p99(self) -> float:
        """Return the latency that 99 of 100 answers keep."""
        return quantiles(self.latencies, n=100)[98]


async def at_a_rate(
    port: int,
    request: Callable[[int], Request],
    rate: float,
    seconds: float,
    streams: int = 8,
) -> Asked:
    """Send `rate` requests a second, by their numbers.

    One whose connection is not free yet waits, and is late. Latency counts from when a request was
    due, so that a server that stalls is not flattered.
    """
    began, asked = time.monotonic(), Asked([], Counter())

    async def send_stream(first: int) -> None:
        connection = Connection(port)
        for number in range(first, int(rate * seconds), streams):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if time.monotonic() > began + seconds:
                break
            status = await connection.ask(request(number))
            asked.statuses[status] += 1
            asked.latencies.append((time.monotonic() - due) * 1000)
        connection.close()

    await asyncio.gather(*map(send_stream, range(streams)))
    return asked


class Connection:
    """A connection that stays open as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Request) -> int:
        """Send a request; return the status of its answer, which is read whole."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request.text(f"127.0.0.1:{self._port}").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
        await reader.readexactly(length)
        if b"\r\nconnection: close" in head:
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        """Close it; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
