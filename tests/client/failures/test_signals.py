"""A signal handler asks for a token while the main thread is in the middle of the same."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.fake_server import ScriptedServer
from gatepass.client.cache.file_cache import FileCache
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.wire.flow import Request, Response


class Interrupted:
    """A sender that is interrupted by a signal in its first request."""

    def __init__(self) -> None:
        self.sent = 0

    def send(self, _request: Request) -> Response:
        self.sent += 1
        number = self.sent
        if number == 1:
            os.kill(os.getpid(), signal.SIGUSR1)
            signal.sigtimedwait([], 0)  # the handler runs here at the latest
        body = b'{"access_token": "t%d", "token_type": "bearer", "expires_in": 3600}' % number
        return Response(200, {}, body)

    async def asend(self, request: Request) -> Response:
        return self.send(request)


@pytest.fixture
def values() -> Iterator[list[str]]:
    got: list[str] = []
    before = signal.getsignal(signal.SIGUSR1)
    yield got
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("cached", [False, True])
def test_a_signal_handler_gets_a_token_while_the_main_thread_asks_for_one(
    settings: ClientSettings, tmp_path: Path, values: list[str], *, cached: bool
) -> None:
    cache = FileCache(tmp_path / "tokens") if cached else None
    source = TokenSource(settings, Interrupted(), cache=cache)
    signal.signal(signal.SIGUSR1, lambda *_: values.append(source.token().value))

    assert source.token().value == "t1"
    assert values == ["t2"]


def test_blocking_code_in_an_event_loop_gets_a_token_while_a_task_asks_for_one(
    server: ScriptedServer, settings: ClientSettings
) -> None:
    """It should use atoken; it must not wait for what only its own return lets go on."""
    source = TokenSource(settings)

    async def both() -> tuple[str, str]:
        task = asyncio.create_task(source.atoken())
        await asyncio.sleep(0)  # the task has begun
        return source.token().value, (await task).value

    assert set(asyncio.run(both())) == {"pass-1", "pass-2"}
    assert len(server.token_requests) == 2
