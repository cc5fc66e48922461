"""SIGTERM under load: what was accepted is answered whole, and then the process ends."""

import json
import signal
import socket
import threading
import time
from collections import Counter
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path

import httpx2
import pytest

from gatepass.wire import basic
from gatepass.wire.secret import Secret
from server.fixtures import raw_basic as basic_of
from server.serving.fast_path.doors import Line
from server.serving.fast_path.requests import Ask
from server_process import Credentials, Server, serving

_BODY = b"grant_type=client_credentials"
_BEGUN = 8  # requests of which the body is still to come
_ROADS = 4  # threads that ask without pause
_PATIENCE = 20.0  # seconds


@pytest.fixture
def credentials(fresh_server: Server) -> Credentials:
    organization = fresh_server.create_organization()
    return fresh_server.create_application(organization.org_id)


def _begin(server: Server, credentials: Credentials) -> socket.socket:
    """Send a request up to its body, and have the server say that it waits for that."""
    opened = socket.create_connection(("127.0.0.1", server.port), timeout=_PATIENCE)
    lines = (
        "POST /oauth2/token/ HTTP/1.1",
        f"Host: localhost:{server.port}",
        f"Authorization: {basic.write(credentials.client_id, Secret(credentials.client_secret))}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(_BODY)}",
        "Expect: 100-continue",
    )
    opened.sendall("\r\n".join((*lines, "", "")).encode())
    assert opened.recv(1000).startswith(b"HTTP/1.1 100 ")
    return opened


def _finish(begun: socket.socket) -> tuple[int, bytes]:
    begun.sendall(_BODY)
    answer = HTTPResponse(begun)
    answer.begin()
    return answer.status, answer.read()  # read() raises where the answer is cut


def _ask_until_it_ends(server: Server, credentials: Credentials, seen: Counter[str]) -> None:
    """Ask without pause; count whole answers, and how it ended."""
    address = f"{server.url()}/oauth2/token/"
    form = {"grant_type": "client_credentials"}
    with httpx2.Client(trust_env=False, timeout=_PATIENCE) as client:
        while True:
            try:
                answer = client.post(address, data=form, auth=credentials[:2])
            except httpx2.TransportError as error:
                # A connection that is closed between requests, or no longer taken, is no
                # accepted request; an answer that stops in the middle is one that was cut.
                seen["cut" if "complete message body" in str(error) else "closed"] += 1
                return
            seen["whole" if answer.json()["token_type"] == "Bearer" else "odd"] += 1


def _ask_by_lane_until_it_ends(
    server: Server, credentials: Credentials, seen: Counter[str]
) -> None:
    """Ask without pause over one connection; count whole answers, and how it ended."""
    basic = basic_of(f"{credentials.client_id}:{credentials.client_secret}".encode())
    raw = Ask(host=(f"localhost:{server.port}",), authorization=(basic,)).raw()
    with Line(socket.create_connection(("127.0.0.1", server.port), timeout=_PATIENCE)) as line:
        while True:
            try:
                line.say(raw)
            except OSError:
                seen["closed"] += 1
                return
            response = line.hear()
            if response is None:
                seen["closed" if line.has_nothing_left() else "cut"] += 1
                return
            seen["whole" if b'"Bearer"' in response.body else "odd"] += 1


def _wait_for(seen: Counter[str], answers: int) -> None:
    """Wait until the load is there."""
    deadline = time.monotonic() + _PATIENCE
    while seen["whole"] < answers and time.monotonic() < deadline:
        time.sleep(0.02)


def _is_listening(server: Server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0


def test_requests_that_were_accepted_before_sigterm_are_answered_whole_and_the_status_is_0(
    fresh_server: Server, credentials: Credentials
) -> None:
    process = fresh_server.process
    assert process is not None
    seen: Counter[str] = Counter()
    roads = [
        threading.Thread(target=_ask_until_it_ends, args=(fresh_server, credentials, seen))
        for _ in range(_ROADS)
    ]
    with ExitStack() as stack:
        for road in roads:
            road.start()
        _wait_for(seen, _BEGUN)
        begun = [stack.enter_context(_begin(fresh_server, credentials)) for _ in range(_BEGUN)]
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        while _is_listening(fresh_server) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not _is_listening(fresh_server)
        answers = [_finish(each) for each in begun]
    for road in roads:
        road.join()

    assert [status for status, _ in answers] == [200] * _BEGUN
    assert all(json.loads(body)["token_type"] == "Bearer" for _, body in answers)
    assert process.wait(_PATIENCE) == 0
    assert seen["whole"] > 0
    assert (seen["cut"], seen["odd"], seen["closed"]) == (0, 0, _ROADS)


@pytest.mark.parametrize("lane", ["true", "false"])
def test_under_load_sigterm_cuts_no_answer_at_either_door(tmp_path: Path, lane: str) -> None:
    with serving(tmp_path / "data", variables={"GATEPASS_FAST_PATH": lane}) as running:
        organization = running.create_organization()
        credentials = running.create_application(organization.org_id)
        seen: Counter[str] = Counter()
        roads = [
            threading.Thread(target=_ask_by_lane_until_it_ends, args=(running, credentials, seen))
            for _ in range(_ROADS)
        ]
        for road in roads:
            road.start()
        _wait_for(seen, 500)
        status = running.stop()
        for road in roads:
            road.join()

    assert status == 0
    assert seen["whole"] >= 500
    assert (seen["cut"], seen["odd"], seen["closed"]) == (0, 0, _ROADS)


def test_what_was_counted_is_written_before_the_process_ends(
    fresh_server: Server, credentials: Credentials
) -> None:
    assert fresh_server.ask_token(*credentials[:2]).status == 200

    assert fresh_server.stop() == 0

    shown = json.loads(fresh_server.run("application", "show", credentials.client_id, "--json").out)
    assert shown["last_used_at"] is not None


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_with_status_0_and_says_so(
    fresh_server: Server, sent: signal.Signals
) -> None:
    assert fresh_server.process is not None
    fresh_server.process.send_signal(sent)

    assert fresh_server.process.wait(_PATIENCE) == 0
    assert fresh_server.events()[-1]["event"] == "server.stopped"
