"""The page about PostgreSQL: script, settings and commands, at a server with TLS and pooled."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from commands import clean_variables, run
from contracts import pgbouncer, postgres, tls_postgres
from contracts.tls_postgres import Cluster
from docs.page import ROOT, Reader, blocks
from gatepass.server.storage.postgresql.address import parse
from server_process import free_ports, serving

_PAGE = "../operate/use-postgresql.md"
_HOST = "db.example.com"
_KEY = urlsafe_b64encode(bytes(32)).decode()


@pytest.fixture(scope="module")
def tls_cluster() -> Iterator[Cluster]:
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with tls_postgres.running(binaries, _HOST) as cluster:
        yield cluster


def test_the_page_leads_from_an_empty_cluster_to_a_server_behind_a_pooler(
    tls_cluster: Cluster, tmp_path: Path
) -> None:
    create, settings, serve, _, pooled = (
        block for block in blocks(_PAGE) if block.language in {"console", "toml", "text"}
    )
    port = free_ports()
    instead = {
        "--username postgres": "--username gatepass",  # who made this cluster
        "roles.sql": str(ROOT / "examples" / "postgresql" / "roles.sql"),
        "/etc/gatepass/ca.pem": str(tls_cluster.authority),
    }
    environ = clean_variables() | {
        "PGHOSTADDR": "127.0.0.1",  # of the host that the page names
        "PGPORT": str(tls_cluster.port),
        "GATEPASS_MASTER_KEY": _KEY,
        "GATEPASS_PORT": str(port),
    }
    data = tmp_path / "gatepass-data"
    data.mkdir()
    with Reader(tmp_path, instead, environ) as reader:
        reader.play(create)
        (data / "gatepass.toml").write_text(reader.put(settings.text))
        reader.play(serve)
    _check_that_who_serves_may_not_change_tables(tls_cluster)

    _serve_pooled(tls_cluster, pooled.text, tmp_path)


def _check_that_who_serves_may_not_change_tables(cluster: Cluster) -> None:
    plain = cluster.address.replace("+psycopg", "")
    for name in ("gatepass_live", "gatepass_test"):
        address = plain.replace("gatepass@", f"{name}@").format(name=name)
        with psycopg.connect(address, autocommit=True) as connection:
            query = (
                "SELECT DISTINCT tableowner, schemaname FROM pg_tables WHERE tablename = 'change'"
            )
            assert connection.execute(query).fetchall() == [(f"{name}_owner", "gatepass")]
            for statement in ("CREATE TABLE x (id int)", "DROP TABLE change", "CREATE SCHEMA x"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.encode())


def _serve_pooled(cluster: Cluster, settings: str, folder: Path) -> None:
    """Serve with the settings of the page, where this machine is in the place of its hosts."""
    program = pgbouncer.find()
    if program is None:
        pytest.skip(pgbouncer.MISSING)
    roles = ("gatepass_live", "gatepass_test")
    with pgbouncer.running(program, cluster.address, users=roles) as pooler:
        at = pooler.partition("@")[2].partition("/")[0]
        direct = f"127.0.0.1:{cluster.port}"
        text = settings.replace("pgbouncer.example.com:6432", at).replace(_HOST, direct)
        sandbox = text.replace("production", "sandbox").replace("gatepass_live", "gatepass_test")
        config = folder / "pooled.toml"
        config.write_text(f"auto_migrate = false\n{text}\n{sandbox}")
        variables = {"GATEPASS_MASTER_KEY": _KEY}
        with serving(folder / "pooled", "--config", str(config), variables=variables) as server:
            made = ("organization", "create", "Acme", "--admin", "anna", "--json")
            where = ("--config", config, "--environment", "production", "--data", server.data)
            ran = run(*made, *where, variables=variables)
            assert ran.status == 0, ran.err
            application = ("application", "create", "--name", "Billing", "--json")
            org = ("--organization", json.loads(ran.out)["org_id"])
            made_by = json.loads(run(*application, *org, *where, variables=variables).out)
            who = (made_by["client_id"], made_by["client_secret"])
            while server.ask_token(*who).status != 200:
                pass
            form = {"token": server.ask_token(*who).body["access_token"]}
            assert server.ask("POST", "/oauth2/revoke_token/", auth=who, data=form).status == 200
            assert server.ask("POST", "/oauth2/introspect/", auth=who, data=form).body == {
                "active": False
            }
            assert "listener.failed" not in server.log()
            assert "prepared statement" not in server.log()


def test_the_addresses_of_several_hosts_on_the_page_are_the_same() -> None:
    [text] = [block.text for block in blocks(_PAGE) if block.language == "text"]
    url, parameters = (parse(line) for line in text.splitlines())

    assert url == parameters
    assert url["host"] == "db1.example.com,db2.example.com"


def test_the_errors_that_the_page_lists_are_those_of_the_program_or_seen_by_tests() -> None:
    text = (ROOT / "docs" / "operate" / "use-postgresql.md").read_text()
    section = text.partition("## Errors at the start")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*`) \|", section, re.MULTILINE)
    listed = [phrase for row in rows for phrase in re.findall(r"`([^`]+)`", row)]
    folders = ("src/gatepass/server/storage", "src/gatepass/server/environment")
    files = [each for folder in folders for each in (ROOT / folder).rglob("*.py")]
    files.append(ROOT / "tests" / "contracts" / "database" / "test_refused_databases.py")
    sources = " ".join(" ".join(each.read_text() for each in files).split())
    joined = re.sub(r'" f?"', "", sources)

    assert len(listed) >= 15
    assert [each for each in listed if each not in joined] == []
