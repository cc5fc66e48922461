"""The whole server on PostgreSQL, with two workers."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from contracts import postgres
from gatepass.guard.credentials import Credentials
from gatepass.guard.feed import Feed
from gatepass.wire.secret import Secret
from harness import Server


@pytest.fixture
def on_postgresql(tmp_path: Path) -> Iterator[Server]:
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with postgres.running(binaries) as address:
        names = {"GATEPASS_PRODUCTION__DATABASE": "live", "GATEPASS_SANDBOX__DATABASE": "test"}
        maintenance = address.format(name="postgres").replace("+psycopg", "")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            for name in names.values():
                connection.execute(f'CREATE DATABASE "{name}"'.encode())
        # it has to do without the driver of SQLite
        (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['apsw'] = None\n")
        variables = {key: address.format(name=name) for key, name in names.items()}
        variables["PYTHONPATH"] = str(tmp_path)
        server = Server(tmp_path / "data", "--workers", "2", variables=variables)
        try:
            yield server.start()
        finally:
            server.close()


def test_what_a_revocation_and_a_command_change_is_known_to_both_workers(
    on_postgresql: Server,
) -> None:
    server = on_postgresql
    acme = server.create_organization("Acme Energy", "anna", "sandbox")
    billing = server.create_application(acme.org_id, "Billing", "sandbox")
    who = (billing.client_id, billing.client_secret)
    token = server.ask_token(*who, "sandbox").body["access_token"]
    path = f"/api/partners/v2.0/org/{acme.org_id}"

    def statuses() -> set[int]:
        """Ask over connections of their own, so that both workers answer."""
        headers = {"authorization": f"Bearer {token}", "connection": "close"}
        return {server.ask("GET", path, "sandbox", headers=headers).status for _ in range(20)}

    assert statuses() == {200}
    revoked = server.ask(
        "POST", "/oauth2/revoke_token/", "sandbox", auth=who, data={"token": token}
    )
    assert revoked.status == 200
    eventually(lambda: statuses() == {401})

    disable = server.run("application", "disable", billing.client_id, "--environment", "sandbox")
    assert disable.status == 0, disable.err
    eventually(lambda: {server.ask_token(*who, "sandbox").status for _ in range(10)} == {401})


def test_a_guard_that_follows_the_feed_knows_what_was_revoked(on_postgresql: Server) -> None:
    server = on_postgresql
    acme = server.create_organization()
    billing = server.create_application(acme.org_id)
    guard = server.create_application(acme.org_id, "Guard", scope="introspection")
    who = (billing.client_id, billing.client_secret)
    token = server.ask_token(*who).body["access_token"]
    form = {"token": token}
    jti = server.ask("POST", "/oauth2/introspect/", auth=who, data=form).body["jti"]
    of_guard = Credentials(guard.client_id, Secret(guard.client_secret))

    with Feed(server.url(), of_guard) as feed:
        assert feed.ready(30)
        assert not feed.is_revoked(jti, billing.client_id, None)
        assert server.ask("POST", "/oauth2/revoke_token/", auth=who, data=form).status == 200
        eventually(lambda: feed.is_revoked(jti, billing.client_id, None))


def eventually(is_so: object, within: float = 10.0) -> None:
    """Wait until it is so; how long that may take is measured elsewhere."""
    assert callable(is_so)
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline
