"""kill -9 between the commit and the answer of the Admin API: sent again, it is done once."""

import json
import socket
import sqlite3
import time
from contextlib import closing
from typing import Any

from server_process import Server

_PATH = "/api/admin/v1/production/organizations"
_KEY = "4b1d2f6a-90c3-4c0e-8f57-2a6e9d3b7c18"
_BODY = {"name": "Crashed Energy", "username": "carla.crash"}
_SCOPES = "production:organizations:read production:organizations:write"


def _program(server: Server) -> tuple[str, str]:
    server.run("operator", "add", "olga", "--role", "owner")
    made = server.run(
        *("application", "create", "--organization", "operator", "--name", "Back office"),
        *("--scope", _SCOPES, "--json"),
    )
    created = json.loads(made.out)
    return created["client_id"], created["client_secret"]


def _headers(server: Server, program: tuple[str, str]) -> dict[str, str]:
    token = server.ask_token(*program).body["access_token"]
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": _KEY}


def _wait_until_committed(server: Server) -> None:
    address = f"file:{server.data / 'production.sqlite3'}?mode=ro"
    give_up_at = time.monotonic() + 30
    with closing(sqlite3.connect(address, uri=True)) as database:
        while not database.execute("SELECT count(*) FROM idempotent_request").fetchone()[0]:
            assert time.monotonic() < give_up_at, "nothing was committed"


def _send_and_read_nothing(server: Server, headers: dict[str, str]) -> socket.socket:
    body = json.dumps(_BODY).encode()
    lines = [f"POST {_PATH} HTTP/1.1", f"Host: localhost:{server.port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
    sending = socket.create_connection(("127.0.0.1", server.port))
    sending.sendall("\r\n".join(lines).encode() + body)
    return sending


def test_what_was_committed_before_a_crash_is_answered_when_it_is_sent_again(
    fresh_server: Server,
) -> None:
    server = fresh_server
    program = _program(server)
    with _send_and_read_nothing(server, _headers(server, program)):
        _wait_until_committed(server)
        server.kill()
    server.start()

    headers = _headers(server, program)
    first = server.ask("POST", _PATH, headers=headers, json=_BODY)
    again = server.ask("POST", _PATH, headers=headers, json=_BODY)
    assert (first.status, again.status) == (201, 201)
    answer: dict[str, Any] = first.body
    assert answer["username"] == "carla.crash"
    assert len(answer["initial_password"]) > 10
    assert again.body == first.body
    del headers["Idempotency-Key"]
    found = server.ask("GET", f"{_PATH}?search=Crashed", headers=headers)
    assert len(found.body["items"]) == 1
