"""The whole server on PostgreSQL, with two workers."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from commands import run
from contracts import postgres
from contracts.nodes import another_node_in_a_write, stopped
from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.revocation.feed import Feed
from gatepass.wire.secret import Secret
from server_process import Server, serving


def _databases(address: str) -> dict[str, str]:
    """Make a database for each environment; return the variables that name them."""
    names = {"GATEPASS_PRODUCTION__DATABASE": "live", "GATEPASS_SANDBOX__DATABASE": "test"}
    maintenance = address.format(name="postgres").replace("+psycopg", "")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        for name in names.values():
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return {key: address.format(name=name) for key, name in names.items()}


_NEW = {"connection": "close"}


@pytest.fixture
def on_postgresql(tmp_path: Path) -> Iterator[Server]:
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with postgres.running(binaries) as address:
        # it has to do without the driver of SQLite
        (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['apsw'] = None\n")
        variables = _databases(address) | {"PYTHONPATH": str(tmp_path)}
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


def test_nodes_serve_rightly_after_the_database_came_back_older(on_postgresql: Server) -> None:
    """Restored as it was before the last changes, while two workers serve."""
    server = on_postgresql
    acme = server.create_organization()
    billing = server.create_application(acme.org_id)
    who = (billing.client_id, billing.client_secret)
    disable = ("application", "disable", billing.client_id, "--environment", "production")
    enable = ("application", "enable", billing.client_id, "--environment", "production")
    assert server.run(*disable).status == 0
    url = server.variables["GATEPASS_PRODUCTION__DATABASE"]
    execute(url, "CREATE DATABASE copy TEMPLATE live")
    assert server.run(*enable).status == 0
    lost = server.create_application(acme.org_id, "Lost")
    eventually(lambda: statuses(server, *who) == {200})

    execute(url, "DROP DATABASE live WITH (FORCE)", "ALTER DATABASE copy RENAME TO live")

    eventually(lambda: statuses(server, *who) == {401})
    eventually(lambda: statuses(server, lost.client_id, lost.client_secret) == {401})
    assert server.run(*enable).status == 0
    eventually(lambda: statuses(server, *who) == {200})
    form = {"token": server.ask_token(*who).body["access_token"]}
    assert server.ask("POST", "/oauth2/revoke_token/", auth=who, data=form).status == 200
    active = "/oauth2/introspect/"
    eventually(
        lambda: (
            {
                server.ask("POST", active, auth=who, data=form, headers=_NEW).body["active"]
                for _ in range(20)
            }
            == {False}
        )
    )
    assert server.ask("GET", "/readyz").status == 200
    events = {each["event"] for each in server.events()}
    assert {"database.other", "memory.rebuilt", "database.risk"} <= events
    assert "request.failed" not in events


def test_a_node_answers_while_another_one_is_stopped_in_a_write(on_postgresql: Server) -> None:
    server = on_postgresql
    acme = server.create_organization()
    billing = server.create_application(acme.org_id)
    who = (billing.client_id, billing.client_secret)
    form = {"token": server.ask_token(*who).body["access_token"]}
    url = server.variables["GATEPASS_PRODUCTION__DATABASE"]

    with another_node_in_a_write(url) as node, stopped(node):
        refused = server.ask("POST", "/oauth2/revoke_token/", auth=who, data=form)
        assert refused.status in {200, 503}  # 200 once the stopped node has lost the lock
        assert server.ask_token(*who).status == 200
        assert server.ask("GET", "/readyz").status == 200
        eventually(
            lambda: server.ask("POST", "/oauth2/revoke_token/", auth=who, data=form).status == 200
        )


def test_a_server_outlives_a_postgresql_that_stands_still(on_postgresql: Server) -> None:
    server = on_postgresql
    acme = server.create_organization()
    billing = server.create_application(acme.org_id)
    who = (billing.client_id, billing.client_secret)
    form = {"token": server.ask_token(*who).body["access_token"]}
    unknown = server.create_application(acme.org_id, "Not in memory yet")
    follow_all_changes(server, acme.org_id, *who)
    eventually(lambda: statuses(server, *who) == {200})  # both workers know it

    with ExitStack() as open_server:
        for pid in processes(server.variables["GATEPASS_PRODUCTION__DATABASE"]):
            open_server.enter_context(stopped(pid))
        revoked = server.ask("POST", "/oauth2/revoke_token/", auth=who, data=form)
        assert revoked.status == 503
        assert server.ask_token(unknown.client_id, unknown.client_secret).status == 503
        assert statuses(server, *who) == {200}
        assert server.stop() == 0
    assert "request.failed" not in {each["event"] for each in server.events()}


def test_a_read_only_database_refuses_changes_and_serves_tokens(on_postgresql: Server) -> None:
    server = on_postgresql
    acme = server.create_organization()
    billing = server.create_application(acme.org_id)
    who = (billing.client_id, billing.client_secret)
    form = {"token": server.ask_token(*who).body["access_token"]}
    url = server.variables["GATEPASS_PRODUCTION__DATABASE"]

    execute(url, "ALTER DATABASE live SET default_transaction_read_only = on", "SELECT 1")

    assert server.ask("POST", "/oauth2/revoke_token/", auth=who, data=form).status == 503
    command = server.run("application", "disable", billing.client_id, "--environment", "production")
    assert command.status == 1
    assert "Traceback" not in command.err
    assert server.ask_token(*who).status == 200
    assert server.ask("GET", "/readyz").status == 200

    execute(url, "ALTER DATABASE live SET default_transaction_read_only = off", "SELECT 1")
    eventually(
        lambda: server.ask("POST", "/oauth2/revoke_token/", auth=who, data=form).status == 200
    )
    assert "Traceback" not in server.log()
    assert "exception" not in server.log()


def processes(url: str) -> list[int]:
    """Return the ids of the server's processes that somebody waits for: its first, and backends."""
    server = make_url(url).set(drivername="postgresql", database="postgres")
    query = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with psycopg.connect(server.render_as_string(), autocommit=True) as connection:
        backends = [pid for (pid,) in connection.execute(query)]
        (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
    first = int((Path(folder) / "postmaster.pid").read_text().splitlines()[0])
    return [first, *backends]


def follow_all_changes(server: Server, org_id: str, client_id: str, secret: str) -> None:
    """Wait until both workers have learned of what was changed: they forget what they had read."""
    who = (client_id, secret)
    form = {"token": server.ask_token(*who).body["access_token"]}
    headers = {"authorization": f"Bearer {form['token']}", **_NEW}
    path = f"/api/partners/v2.0/org/{org_id}"
    assert server.ask("POST", "/oauth2/revoke_token/", auth=who, data=form).status == 200
    eventually(
        lambda: {server.ask("GET", path, headers=headers).status for _ in range(20)} == {401}
    )


def statuses(server: Server, client_id: str, secret: str) -> set[int]:
    """Ask for tokens over connections of their own, so that both workers answer."""
    form = {"grant_type": "client_credentials"}
    return {
        server.ask(
            "POST", "/oauth2/token/", auth=(client_id, secret), data=form, headers=_NEW
        ).status
        for _ in range(20)
    }


def execute(url: str, *statements: str) -> None:
    """Run statements beside the server, once its connections are ended."""
    server = make_url(url).set(drivername="postgresql", database="postgres")
    with psycopg.connect(server.render_as_string(), autocommit=True) as connection:
        for statement in statements:
            eventually(partial(_is_done, connection, statement), within=60)


def _is_done(connection: psycopg.Connection, statement: str) -> bool:
    """Run a statement that needs the database alone; return whether the server let it be."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'live'"
    connection.execute(end)
    try:
        connection.execute(statement.encode())
    except psycopg.errors.ObjectInUse:  # it has connected again meanwhile
        return False
    return True


def test_nothing_is_written_to_a_data_directory_in_which_nothing_is_kept(tmp_path: Path) -> None:
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    key = {"GATEPASS_MASTER_KEY": urlsafe_b64encode(bytes(32)).decode()}
    (tmp_path / "data").touch()  # below which even root can make nothing
    with postgres.running(binaries) as address:
        variables = key | _databases(address)
        with serving(tmp_path / "data", variables=variables) as server:
            acme = server.create_organization()
            listed = server.run("organization", "list", "--json")

    assert acme.org_id in listed.out


def eventually(is_so: object, within: float = 10.0) -> None:
    """Wait until it is so; how long that may take is measured elsewhere."""
    assert callable(is_so)
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline


def test_a_command_without_the_master_key_of_the_databases_makes_no_other(
    on_postgresql: Server,
) -> None:
    key = on_postgresql.data / "master.key"
    given = {"GATEPASS_MASTER_KEY": key.read_text().strip()}
    key.unlink()
    command = ("organization", "create", "Other", "--admin", "bo")
    where = ("--data", str(on_postgresql.data), "--environment", "sandbox")

    without = run(*command, *where, variables=on_postgresql.variables)
    with_key = run(*command, *where, variables=on_postgresql.variables | given)

    assert (without.status, without.err.count("\n")) == (1, 1)
    assert "GATEPASS_MASTER_KEY" in without.err
    assert not key.exists()
    assert with_key.status == 0, with_key.err
