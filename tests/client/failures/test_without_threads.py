"""A token where no thread can be started, or where the loop is not asyncio's."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
import trio

from client.fake_server import CLIENT_ID, SECRET, ScriptedServer
from gatepass.client import ConfigurationError
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource

SUB_INTERPRETER = """
import importlib, sys
for name in ("_interpreters", "_xxsubinterpreters"):
    try:
        interpreters = importlib.import_module(name)
        break
    except ImportError:
        pass
code = '''
import sys
sys.modules["trio"] = None  # which httpx2 loads where it is there, and no sub-interpreter can
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
print(TokenSource(ClientSettings({url!r}, {id!r}, {secret!r})).token().expires_in, flush=True)
'''
sys.exit(interpreters.run_string(interpreters.create(), code) is not None)
"""

AT_EXIT = """
import atexit, threading
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
source = TokenSource(ClientSettings({url!r}, {id!r}, {secret!r}))
atexit.register(lambda: print(source.token().expires_in, flush=True))
"""

Ask = Callable[[TokenSource], object]


def ask_sync(source: TokenSource) -> object:
    return source.token().value


def ask_async(source: TokenSource) -> object:
    async def ask() -> object:
        return (await source.atoken()).value

    loop = asyncio.new_event_loop()  # asyncio.run itself ends with a thread
    try:
        return loop.run_until_complete(ask())
    finally:
        loop.close()


def refuse_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse threads to the main one, as the system does at its limit; the server has its own."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if threading.current_thread() is threading.main_thread():
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_threads(monkeypatch)


@pytest.mark.usefixtures("server", "no_threads")
@pytest.mark.parametrize("ask", [ask_sync, ask_async])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_token_is_had_where_no_thread_can_be_started(
    server: ScriptedServer, ask: Ask, host: str
) -> None:
    url = server.token_url.replace("127.0.0.1", host)

    assert ask(TokenSource(ClientSettings(url, CLIENT_ID, SECRET))) == "pass-1"


@pytest.mark.usefixtures("server", "no_threads")
@pytest.mark.parametrize("ask", [ask_sync, ask_async])
def test_a_secret_that_a_function_gives_is_read_where_no_thread_can_be_started(
    server: ScriptedServer, ask: Ask
) -> None:
    source = TokenSource(ClientSettings(server.token_url, CLIENT_ID, lambda: SECRET))

    assert ask(source) == "pass-1"


@pytest.mark.parametrize("program", [SUB_INTERPRETER, AT_EXIT], ids=["interpreter", "atexit"])
def test_a_token_is_had_in_a_sub_interpreter_and_at_the_end_of_the_program(
    server: ScriptedServer, program: str
) -> None:
    code = program.replace("{url!r}", repr(server.token_url))
    code = code.replace("{id!r}", repr(CLIENT_ID)).replace("{secret!r}", repr(SECRET))

    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )

    assert (run.returncode, run.stdout) == (0, "3600\n"), run.stderr


def test_a_task_of_trio_gets_a_token(server: ScriptedServer, settings: ClientSettings) -> None:
    source = TokenSource(settings)

    async def ask_often() -> list[str]:
        got: list[str] = []

        async def ask() -> None:
            got.append((await source.atoken()).value)

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        return got

    assert trio.run(ask_often) == ["pass-1"] * 5
    assert len(server.token_requests) == 1


def test_another_event_loop_is_told_what_is_needed(settings: ClientSettings) -> None:
    asking = TokenSource(settings).atoken()

    with pytest.raises(ConfigurationError, match="asyncio or trio"):
        asking.send(None)


def test_the_renewal_in_the_background_begins_once_a_thread_can_be_started(
    settings: ClientSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_the_background() -> bool:
        return any(thread.name == "gatepass-keep-fresh" for thread in threading.enumerate())

    source = TokenSource(settings, keep_fresh=True)
    with monkeypatch.context() as limited:
        refuse_threads(limited)
        first = source.token()
    assert not in_the_background()

    source.invalidate(first)
    assert source.token().value == "pass-2"
    assert in_the_background()
    source.close()
