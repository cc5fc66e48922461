"""A token endpoint that behaves as the benchmark sets it and counts requests, and how to set it.

It is a process of its own (`python -m bench.client.fake_server PORT`), so that it takes nothing
from the callers that are measured. It needs the standard library alone, as they run it in any
environment.
"""

import asyncio
import json
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from urllib.request import Request as Asked

from bench.processes import ask, free_port, running

CLIENT_ID = "bench"
SECRET = "a-secret-that-only-the-benchmark-uses"
_BACKLOG = 4096  # callers that may knock at once
_LONGEST = 64 * 1024  # bytes of a request


@dataclass(frozen=True)
class Manner:
    """How the endpoint answers; times in seconds.

    Tokens live as long as `lifetimes` says, one after the other, the last one's for all that
    follow. `tokens` is how many it gives before it answers 503 to everyone, None without end;
    `down_for` is how long it answers 503 from its first request on.
    """

    secret: str = SECRET
    delay: float = 0.05
    lifetimes: Sequence[int] = (3600,)
    tokens: int | None = None
    down_for: float = 0.0


class Token:
    """The content of an access token of the endpoint: its number and its expiry."""

    def __init__(self, text: str) -> None:
        number, _, ends_at = text.partition("-")
        self.number, self.ends_at = int(number), float(ends_at)

    @property
    def is_alive(self) -> bool:
        """Return whether it has not ended; the clock is one for all processes of the machine."""
        return time.monotonic() < self.ends_at


@dataclass(frozen=True)
class Standin:
    """The way to a running endpoint."""

    port: int

    @property
    def token_url(self) -> str:
        """Where it gives tokens."""
        return f"http://127.0.0.1:{self.port}/token"

    def behave(self, manner: Manner) -> None:
        """Make it forget what was, and answer so from now on."""
        self._tell("/manner", json.dumps(asdict(manner)))

    def rotate(self, secret: str) -> None:
        """Make it refuse all secrets but this one."""
        self._tell("/secret", secret)

    def count(self) -> int:
        """Return the number of token requests since its behaviour was set."""
        with ask(f"http://127.0.0.1:{self.port}/count", timeout=30) as answer:
            return int(answer.read())

    def _tell(self, path: str, body: str) -> None:
        with ask(Asked(f"http://127.0.0.1:{self.port}{path}", body.encode()), timeout=30):
            pass


@contextmanager
def standin() -> Iterator[Standin]:
    """Run an endpoint until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "bench.client.fake_server", str(port)]
    with running(command, f"http://127.0.0.1:{port}/count"):
        yield Standin(port)


@dataclass
class _Endpoint:
    manner: Manner = field(default_factory=Manner)
    requests: int = 0
    given: int = 0
    first_at: float = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = head.split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, said = await self._answer(lines[0].split()[1], head, body)
                writer.write(_response(status, said))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, path: str, head: str, body: bytes) -> tuple[int, str]:
        if path == "/count":
            return 200, str(self.requests)
        if path == "/manner":
            self.manner = Manner(**json.loads(body))
            self.requests, self.given, self.first_at = 0, 0, 0.0
            return 200, ""
        if path == "/secret":
            self.manner = replace(self.manner, secret=body.decode())
            return 200, ""
        self.first_at = self.first_at or time.monotonic()
        self.requests += 1
        await asyncio.sleep(self.manner.delay)
        return self._token(head, body.decode())

    def _token(self, head: str, body: str) -> tuple[int, str]:
        manner = self.manner
        is_spent = manner.tokens is not None and self.given >= manner.tokens
        if is_spent or time.monotonic() - self.first_at < manner.down_for:
            return 503, '{"error": "temporarily_unavailable"}'
        if not _is_known(head, body, manner.secret):
            return 401, '{"error": "invalid_client"}'
        lifetime = manner.lifetimes[min(self.given, len(manner.lifetimes) - 1)]
        self.given += 1
        text = f"{self.given}-{time.monotonic() + lifetime:.3f}"
        said = {"access_token": text, "token_type": "Bearer", "expires_in": lifetime}
        return 200, json.dumps(said)


def _is_known(head: str, body: str, secret: str) -> bool:
    """Tell it by Basic or by the form (RFC 6749 §2.3.1); nothing in them needs an escape."""
    basic = b64encode(f"{CLIENT_ID}:{secret}".encode()).decode()
    return f"Basic {basic}" in head or f"client_secret={secret}" in body


def _response(status: int, body: str) -> bytes:
    return (
        f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def _serve(port: int) -> None:
    server = await asyncio.start_server(
        _Endpoint().serve, "127.0.0.1", port, backlog=_BACKLOG, limit=_LONGEST
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
