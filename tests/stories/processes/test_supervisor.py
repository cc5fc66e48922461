"""Workers that start slowly, hang, die or are replaced, as real processes."""

import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import apsw
import httpx2
import psycopg
import pytest

from commands import run
from contracts import postgres
from server_process import Credentials, Server, serving

_PATIENCE = 60.0  # seconds
_CLIENTS = 3

# What a worker's interpreter does before it imports anything of ours; the supervisor's does not.
_IN_WORKERS = """\
import os, sys, time
if any("spawn_main" in word for word in sys.orig_argv):
    {does}
"""


def _python_path(folder: Path, does: str) -> dict[str, str]:
    (folder / "sitecustomize.py").write_text(_IN_WORKERS.format(does=does))
    return {"PYTHONPATH": str(folder)}


def _events(server: Server, name: str) -> list[dict[str, object]]:
    return [each for each in server.events() if each["event"] == name]


def _wait(until: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not until():
        assert time.monotonic() - started < _PATIENCE
        time.sleep(0.02)


def _is_listening(server: Server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0


def _ready(server: Server) -> list[object]:
    return [each["worker"] for each in _events(server, "worker.ready")]


def _application(server: Server) -> Credentials:
    return server.create_application(server.create_organization().org_id)


class Clients:
    """Threads that ask for tokens without pause, over kept and over new connections."""

    def __init__(self, server: Server, credentials: Credentials) -> None:
        self.seen: Counter[str] = Counter()
        self._server, self._credentials = server, credentials
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(headers,))
            for headers in ({}, {"connection": "close"})
            for _ in range(_CLIENTS)
        ]

    def __enter__(self) -> Counter[str]:
        for each in self._threads:
            each.start()
        return self.seen

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for each in self._threads:
            each.join()

    def _ask(self, headers: dict[str, str]) -> None:
        form = {"grant_type": "client_credentials"}
        with httpx2.Client(trust_env=False, timeout=_PATIENCE, headers=headers) as client:
            while not self._stop.is_set():
                try:
                    answer = client.post(
                        f"{self._server.url()}/oauth2/token/", data=form, auth=self._credentials[:2]
                    )
                    self.seen[str(answer.status_code)] += 1
                except httpx2.TransportError as error:
                    self.seen[f"{type(error).__name__}: {error}"] += 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sighup_replaces_every_worker_and_loses_no_request(tmp_path: Path, workers: str) -> None:
    with serving(tmp_path / "data", "--workers", workers) as server:
        assert server.process is not None
        credentials = _application(server)
        with Clients(server, credentials) as seen:
            for _ in range(2):
                before = len(_events(server, "restart.done"))
                asked = seen.total()
                _wait(lambda asked=asked: seen.total() > asked + 20)  # type: ignore[misc]
                server.process.send_signal(signal.SIGHUP)
                _wait(lambda n=before: len(_events(server, "restart.done")) > n)  # type: ignore[misc]
                asked = seen.total()
                _wait(lambda asked=asked: seen.total() > asked + 20)  # type: ignore[misc]
        _wait(lambda: _has_ended_old(server, int(workers)))
        assert server.stop() == 0

    assert set(seen) == {"200"}


def _has_ended_old(server: Server, workers: int) -> bool:
    return len(_events(server, "worker.ended")) == len(_ready(server)) - workers


def test_a_worker_that_starts_slowly_is_left_alone_and_nothing_is_accepted_meanwhile(
    tmp_path: Path,
) -> None:
    go = tmp_path / "go"
    variables = _python_path(tmp_path, f"while not os.path.exists({str(go)!r}): time.sleep(0.05)")
    server = Server(
        tmp_path / "data",
        "--workers",
        "2",
        variables=variables | {"GATEPASS_WORKER_TIMEOUT": "1"},
    )
    starting = threading.Thread(target=server.start)
    starting.start()
    try:
        _wait(
            lambda: (tmp_path / "data.log").exists() and len(_events(server, "worker.started")) == 2
        )
        time.sleep(2.5)  # more than twice the limit for a worker that has started
        was_listening = _is_listening(server)
        go.touch()
        starting.join()
        _wait(lambda: len(_ready(server)) == 2)
    finally:
        go.touch()
        starting.join()
        server.close()

    assert not was_listening
    assert len(_events(server, "worker.started")) == 2


def test_a_worker_that_hangs_is_replaced_and_the_log_says_why(tmp_path: Path) -> None:
    variables = {"GATEPASS_WORKER_TIMEOUT": "1"}
    with serving(tmp_path / "data", "--workers", "2", variables=variables) as server:
        _wait(lambda: len(_ready(server)) == 2)
        hung = _ready(server)[0]
        assert isinstance(hung, int)
        os.kill(hung, signal.SIGSTOP)
        _wait(lambda: len(_ready(server)) >= 3)
        killed = [each for each in _events(server, "worker.killed") if each["worker"] == hung]

    assert [each["reason"] for each in killed] == ["no sign of life for 1 seconds"]


def test_a_worker_that_dies_at_each_start_is_started_again_after_a_growing_pause(
    tmp_path: Path,
) -> None:
    flag = tmp_path / "die"
    variables = _python_path(tmp_path, f"if os.path.exists({str(flag)!r}): os._exit(1)")
    with serving(tmp_path / "data", "--workers", "2", variables=variables) as server:
        _wait(lambda: len(_ready(server)) == 2)
        flag.touch()
        os.kill(int(str(_ready(server)[0])), signal.SIGKILL)
        _wait(lambda: len(_events(server, "worker.paused")) >= 2)
        answers = server.ask("GET", "/readyz").status
        flag.unlink()
        _wait(lambda: len(_ready(server)) == 3)
        pauses = [each["seconds"] for each in _events(server, "worker.paused")]

    assert answers == 200
    assert pauses == sorted(pauses, key=str)
    assert len(set(pauses)) == len(pauses)


def test_where_no_worker_can_start_the_server_ends_with_one_line(tmp_path: Path) -> None:
    variables = _python_path(tmp_path, "os._exit(3)")
    server = Server(tmp_path / "data", "--workers", "2")
    ran = run(
        "serve",
        *("--data", tmp_path / "data", "--port", str(server.port), "--workers", "2"),
        variables=variables,
    )
    server.close()

    assert ran.status == 1
    assert ran.err.splitlines()[-1] == "Error: A worker could not start. The log says why."


def test_a_restart_whose_new_worker_cannot_start_leaves_the_old_one_serving(tmp_path: Path) -> None:
    variables = _python_path(tmp_path, "os._exit(3)")
    with serving(tmp_path / "data", variables=variables) as server:
        assert server.process is not None
        server.process.send_signal(signal.SIGHUP)
        _wait(lambda: bool(_events(server, "restart.failed")))
        assert server.ask("GET", "/readyz").status == 200
        assert server.stop() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_ends_within_its_limit_though_the_database_is_locked(
    tmp_path: Path, workers: str
) -> None:
    limit = {"GATEPASS_SHUTDOWN_TIMEOUT": "2"}
    with serving(tmp_path / "data", "--workers", workers, variables=limit) as server:
        credentials = _application(server)
        assert server.ask_token(*credentials[:2]).status == 200
        with ExitStack() as stack:
            locked = apsw.Connection(str(server.data / "production.sqlite3"))
            stack.callback(locked.close)
            locked.execute("BEGIN IMMEDIATE")
            for sent in (b"", b"POST /oauth2/token/ HTTP/1.1\r\nHo", b"POST / HTTP/1.1\r\nHost: "):
                half = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                half.sendall(sent)
            status = server.stop()

    assert status in (0, 1)


def test_a_worker_that_dies_while_the_database_is_away_is_replaced_by_one_that_waits(
    tmp_path: Path,
) -> None:
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with postgres.running(binaries) as address, ExitStack() as stack:
        names = {"GATEPASS_PRODUCTION__DATABASE": "live", "GATEPASS_SANDBOX__DATABASE": "test"}
        maintenance = psycopg.connect(
            address.format(name="postgres").replace("+psycopg", ""), autocommit=True
        )
        stack.enter_context(maintenance)
        for name in names.values():
            maintenance.execute(f'CREATE DATABASE "{name}"'.encode())
        variables = {key: address.format(name=name) for key, name in names.items()}
        server = stack.enter_context(
            serving(tmp_path / "data", "--workers", "2", variables=variables)
        )
        _wait(lambda: len(_ready(server)) == 2)
        credentials = _application(server)
        first, second = (int(str(each)) for each in _ready(server))
        _allow(maintenance, connections=False)

        os.kill(first, signal.SIGKILL)
        _wait(lambda: len(_events(server, "start.waiting")) == 1)
        others = {server.ask("GET", "/healthz").status for _ in range(10)}
        os.kill(second, signal.SIGKILL)
        _wait(lambda: len(_events(server, "start.waiting")) == 2)
        away = server.ask("GET", "/readyz")
        refused = server.ask_token(*credentials[:2])

        _allow(maintenance, connections=True)
        _wait(lambda: len(_ready(server)) == 4)
        _wait(lambda: server.ask("GET", "/readyz", headers={"connection": "close"}).status == 200)
        assert server.ask_token(*credentials[:2]).status == 200
        assert server.stop() == 0

    assert others == {200}
    assert (away.status, away.body["production"]) == (503, "the database is away")
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")


def _allow(maintenance: "psycopg.Connection[tuple[object, ...]]", *, connections: bool) -> None:
    """Let both databases answer, or end every connection to them and refuse new ones."""
    for name in ("live", "test"):
        maintenance.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {connections}".encode())
    if not connections:
        maintenance.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname IN ('live', 'test')"
        )
