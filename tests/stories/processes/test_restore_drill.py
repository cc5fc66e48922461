"""A restore drill: a backup made under load, and the server that is started on what it has."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import psycopg
import pyrage
import pytest

from commands import run
from contracts import postgres
from server_process import Credentials, Server

CHECKED = 200  # revocations


class Load:
    """Gets one token after another and revokes it; notes what was acknowledged."""

    def __init__(self, server: Server, who: Credentials) -> None:
        self.acknowledged: list[str] = []
        self.failed = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(server, who))

    def _run(self, server: Server, who: Credentials) -> None:
        auth = (who.client_id, who.client_secret)
        grant = {"grant_type": "client_credentials"}
        with httpx2.Client(trust_env=False, base_url=server.url(), auth=auth) as http:
            while not self._stop.is_set():
                token = http.post("/oauth2/token/", data=grant).json()["access_token"]
                answer = http.post("/oauth2/revoke_token/", data={"token": token})
                if answer.status_code == 200:
                    self.acknowledged.append(token)
                else:
                    self.failed += 1

    def wait_for(self, number: int) -> None:
        until = time.monotonic() + 60
        while len(self.acknowledged) < number:
            assert time.monotonic() < until
            time.sleep(0.01)

    @contextmanager
    def running(self) -> Iterator["Load"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest) -> Iterator[list[dict[str, str]]]:
    """The variables of two empty places: the databases of a server, and those of its restore."""
    if request.param == "sqlite":
        yield [{}, {}]
        return
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with postgres.running(binaries) as address:
        yield [_databases(address), _databases(address)]


def _databases(address: str) -> dict[str, str]:
    found = {}
    with psycopg.connect(
        address.format(name="postgres").replace("+psycopg", ""), autocommit=True
    ) as connection:
        for name in ("PRODUCTION", "SANDBOX"):
            database = f"{name.lower()}_{uuid4().hex}"
            connection.execute(f"CREATE DATABASE {database}".encode())
            found[f"GATEPASS_{name}__DATABASE"] = address.format(name=database)
    return found


def test_everything_acknowledged_before_the_backup_is_there_after_the_restore(
    places: list[dict[str, str]], tmp_path: Path
) -> None:
    backup = tmp_path / "gatepass.backup"
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "identity").write_text(str(identity))
    first = Server(tmp_path / "first", variables=places[0])
    try:
        first.start()
        acme = first.create_organization()
        who = first.create_application(acme.org_id)
        kept = _token(first, who)
        with Load(first, who).running() as load:
            load.wait_for(20)
            before = load.acknowledged[:]
            to = ("--recipient", str(identity.to_public()))
            made = first.run("backup", str(backup), "--with-master-key", *to)
            during = len(load.acknowledged) - len(before)
            load.wait_for(len(before) + during + 1)
        assert made.status == 0, made.err
        assert during > 0  # the backup held up no writer
        assert load.failed == 0
    finally:
        first.close()

    second = Server(tmp_path / "second", port=first.port, variables=places[1])
    by = ("--identity", str(tmp_path / "identity"))
    restored = second.run("restore", str(backup), "--keep-tokens", *by)
    assert restored.status == 0, restored.err
    assert "1 applications, 1 of them enabled" in restored.out
    try:
        second.start()
        path = f"/api/partners/v2.0/org/{acme.org_id}"
        statuses = {token: _status(second, path, token) for token in [*before[-CHECKED:], kept]}
        assert statuses.pop(kept) == 200
        assert set(statuses.values()) == {401}
        assert second.ask_token(who.client_id, who.client_secret).status == 200
    finally:
        second.close()


def _token(server: Server, who: Credentials) -> str:
    token: str = server.ask_token(who.client_id, who.client_secret).body["access_token"]
    return token


def _status(server: Server, path: str, token: str) -> int:
    return server.ask("GET", path, headers={"authorization": f"Bearer {token}"}).status


def test_the_master_key_is_rotated_under_running_servers(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--workers", "2")
    try:
        server.start()
        acme = server.create_organization()
        who = server.create_application(acme.org_id)
        token = _token(server, who)

        rotated = server.run("keys", "rotate-master")
        assert (rotated.status, rotated.err) == (0, "")
        assert server.run("keys", "rotate").status == 0  # under the new master key

        path = f"/api/partners/v2.0/org/{acme.org_id}"
        assert {_status(server, path, token) for _ in range(10)} == {200}
        assert {_status(server, path, _token(server, who)) for _ in range(10)} == {200}
        assert server.stop() == 0
        server.start()
        assert _status(server, path, token) == 200
    finally:
        server.close()
    assert {event["event"] for event in server.events() if event["level"] == "error"} == set()


def test_a_copy_of_a_running_server_is_refused(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        server.start()
        refused = run("copy", server.data, tmp_path / "target")
    finally:
        server.close()

    assert (refused.status, refused.err) == (
        1,
        "Error: A server uses the source. Stop every one, then copy.\n",
    )
    assert not (tmp_path / "target").exists()
