import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import watchdog
from server_process import Server, serving

# What `make test-fast` leaves out of its folders: tests that start processes, or a whole server
# for themselves. Mark others that take longer than a second with @pytest.mark.slow.
SLOW_FOLDERS = ("client/failures", "guard/failures", "server/cli", "server/partner_api")
SLOW_FIXTURES = frozenset({"fresh_server", "make_portal", "pytester", "served", "server"})
IN_PROCESS = "server"  # the folder whose `server` runs in this process and is shared

# Tracebacks as Python writes them: with all variables, as structlog does, one takes two seconds.
structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback

# By default, looking for garbage takes a fifth of the time in which tests are collected.
gc.set_threshold(20_000, 20, 20)

_WATCHDOG = pytest.StashKey["subprocess.Popen[bytes]"]()  # its input ends with this process


def pytest_configure(config: pytest.Config) -> None:
    """Have what tests start ended with this run, even if it is killed (xdist's workers, too)."""
    if watchdog.VARIABLE in os.environ:
        return
    mode = f"{os.getpid()}-{os.urandom(4).hex()}"
    config.stash[_WATCHDOG] = subprocess.Popen(
        [sys.executable, watchdog.__file__, mode], stdin=subprocess.PIPE, start_new_session=True
    )
    os.environ[watchdog.VARIABLE] = mode


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the watchdog end what is left, and itself."""
    if _WATCHDOG in config.stash:
        config.stash[_WATCHDOG].communicate()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests as slow by their folder, or by a fixture that they use."""
    folders = tuple(str(Path(__file__).parent / folder) + os.sep for folder in SLOW_FOLDERS)
    in_process = str(Path(__file__).parent / IN_PROCESS) + os.sep
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if str(item.path).startswith(in_process):
            used.discard("server")
        if str(item.path).startswith(folders) or not SLOW_FIXTURES.isdisjoint(used):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Leave the collected tests out of garbage collection: going through them takes a tenth."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server that the tests of a session share; make your own organization in it."""
    with serving(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A running server on an empty data directory, for this test alone."""
    with serving(tmp_path / "data") as running:
        yield running
