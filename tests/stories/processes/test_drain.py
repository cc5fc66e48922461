"""The drain after SIGTERM: the server serves on, and load balancers learn that it will end."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from server_process import Credentials, Server, serving

# Longer than a test: what ends the server is never that the drain is over.
_LONG = {"GATEPASS_DRAIN_SECONDS": "300", "GATEPASS_SHUTDOWN_TIMEOUT": "600"}
_PATIENCE = 60.0  # seconds


def _wait(until: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not until():
        assert time.monotonic() - started < _PATIENCE
        time.sleep(0.02)


def _ready_status(server: Server) -> int:
    return server.ask("GET", "/readyz", headers={"connection": "close"}).status


def _send(server: Server, number: signal.Signals) -> None:
    assert server.process is not None
    server.process.send_signal(number)


def _status(server: Server) -> int:
    assert server.process is not None
    return server.process.wait(_PATIENCE)


def _begin_drain(server: Server, number: signal.Signals = signal.SIGTERM) -> None:
    """Have every process of the server drain."""
    _send(server, number)
    _wait(lambda: all(_ready_status(server) == 503 for _ in range(10)))


def _application(server: Server) -> Credentials:
    return server.create_application(server.create_organization().org_id)


@pytest.fixture
def draining(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data", variables=_LONG) as server:
        yield server


@pytest.fixture
def with_workers(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data", "--workers", "2", variables=_LONG) as server:
        _wait(lambda: _count(server, "worker.ready") == 2)
        yield server


def test_a_server_that_drains_is_not_ready_and_serves_on_new_and_on_kept_connections(
    draining: Server,
) -> None:
    credentials = _application(draining)
    kept = HTTPConnection("localhost", draining.port, timeout=_PATIENCE)
    kept.request("GET", "/healthz")
    assert kept.getresponse().read() == b'{"status": "ok"}'
    assert draining.ask_token(*credentials[:2]).headers.get("connection") is None

    _begin_drain(draining)

    ready, alive = draining.ask("GET", "/readyz"), draining.ask("GET", "/healthz")
    assert (ready.status, ready.body["status"], ready.body["production"]) == (503, "draining", "ok")
    assert alive.status == 200
    kept.request("GET", "/healthz")
    with kept.getresponse() as answer:
        assert (answer.status, answer.headers["connection"]) == (200, "close")
    kept.close()
    token = draining.ask_token(*credentials[:2])
    assert (token.status, token.headers["connection"]) == (200, "close")
    assert [e["seconds"] for e in draining.events() if e["event"] == "server.draining"] == [300]


def test_a_second_signal_ends_the_drain_at_once_and_what_was_counted_is_written(
    draining: Server,
) -> None:
    credentials = _application(draining)
    _begin_drain(draining)
    assert draining.ask_token(*credentials[:2]).status == 200

    _send(draining, signal.SIGTERM)

    assert _status(draining) == 0
    assert draining.events()[-1]["event"] == "server.stopped"
    shown = draining.run("application", "show", credentials.client_id, "--json").out
    assert '"last_used_at": null' not in shown


def test_signals_to_the_whole_process_group_drain_and_end_it_with_its_workers(
    with_workers: Server,
) -> None:
    assert with_workers.process is not None
    credentials = _application(with_workers)
    group = with_workers.process.pid
    os.killpg(group, signal.SIGTERM)
    _wait(lambda: all(_ready_status(with_workers) == 503 for _ in range(10)))
    token = with_workers.ask_token(*credentials[:2])
    assert (token.status, token.headers["connection"]) == (200, "close")

    os.killpg(group, signal.SIGINT)

    assert _status(with_workers) == 0
    shown = with_workers.run("application", "show", credentials.client_id, "--json").out
    assert '"last_used_at": null' not in shown


def test_sigint_ends_the_server_without_a_drain(draining: Server) -> None:
    _send(draining, signal.SIGINT)

    assert _status(draining) == 0
    assert "server.draining" not in {each["event"] for each in draining.events()}


def test_a_second_signal_aborts_a_request_that_runs(draining: Server) -> None:
    with socket.create_connection(("127.0.0.1", draining.port), timeout=_PATIENCE) as opened:
        head = f"POST /oauth2/token/ HTTP/1.1\r\nHost: localhost:{draining.port}\r\n"
        opened.sendall(f"{head}Content-Length: 29\r\nExpect: 100-continue\r\n\r\n".encode())
        assert opened.recv(1000).startswith(b"HTTP/1.1 100 ")
        _send(draining, signal.SIGINT)
        _wait(lambda: not _is_listening(draining))

        _send(draining, signal.SIGINT)

        assert _status(draining) == 0
        with suppress(ConnectionResetError):
            assert opened.recv(1000) == b""


def _is_listening(server: Server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0


def test_the_server_ends_when_the_drain_is_over(tmp_path: Path) -> None:
    with serving(tmp_path / "data", variables={"GATEPASS_DRAIN_SECONDS": "0.5"}) as server:
        _send(server, signal.SIGTERM)

        statuses = _statuses_until_the_end(server)
        assert _status(server) == 0

    assert statuses[-1] == 503
    assert set(statuses) <= {200, 503}


def _statuses_until_the_end(server: Server) -> list[int]:
    """Return what /readyz answers until connections are refused, on one connection each."""
    found = []
    while True:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE)
        try:
            connection.request("GET", "/readyz")
            with connection.getresponse() as answer:
                found.append(answer.status)
        except ConnectionRefusedError:
            return found
        except (OSError, HTTPException) as error:
            raise AssertionError(f"a request was lost: {error}") from None
        finally:
            connection.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_restart_by_sighup_does_not_drain(tmp_path: Path, workers: str) -> None:
    with serving(tmp_path / "data", "--workers", workers, variables=_LONG) as server:
        _wait(lambda: workers == "1" or _count(server, "worker.ready") == 2)
        _send(server, signal.SIGHUP)
        statuses = {_ready_status(server)}
        while not _count(server, "restart.done"):
            statuses.add(_ready_status(server))
        _wait(
            lambda: _count(server, "worker.ended") == _count(server, "worker.ready") - int(workers)
        )
        statuses.add(_ready_status(server))
        _send(server, signal.SIGINT)
        assert _status(server) == 0

    assert statuses == {200}


def _count(server: Server, event: str) -> int:
    return sum(each["event"] == event for each in server.events())
