import os
import socket
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from commands import Ran, run
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.storage.database import Database, sqlite_url
from server_process import Server, free_ports, serving


def _serve(data: Path, *more: str, variables: dict[str, str] | None = None) -> Ran:
    """Try to serve; for starts that have to fail."""
    port = str(free_ports())
    return run("serve", "--data", data, "--port", port, *more, variables=variables)


def _assert_one_line(ran: Ran, *words: str) -> None:
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1), ran.err
    for word in words:
        assert word in ran.err


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A data directory in which everything has been made."""
    data = tmp_path / "data"
    assert run("organization", "create", "Acme", "--admin", "anna", "--data", data).status == 0
    return data


def test_the_first_start_says_what_was_made_and_what_to_do_next(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, from_nothing=True) as server:
        said = server.out()

    for word in (str(data), server.url("production"), server.url("sandbox"), "master.key"):
        assert word in said
    assert "back it up" in said


def test_the_command_that_the_first_start_names_works_as_it_is_written(tmp_path: Path) -> None:
    with serving(tmp_path / "data", from_nothing=True) as server:
        [line] = [line for line in server.out().splitlines() if "organization create" in line]
        setting, _, command = line.strip().rpartition(" gatepass ")
        variables = dict(each.split("=") for each in setting.split())
        words = command.replace('"Acme Energy"', "Acme").split()
        ran = run(*words, "--json", variables=variables)

    assert ran.status == 0
    assert f'"login_url": "{server.url("sandbox")}/accounts/login/"' in ran.out


def test_a_later_start_says_two_lines(used: Path) -> None:
    with serving(used) as server:
        said = server.out()

    assert said.splitlines() == [
        f"Production  {server.url('production')}",
        f"Sandbox     {server.url('sandbox')}",
    ]


def test_the_log_of_a_server_is_one_json_object_a_line(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        server.stop()
        events = server.events()

    assert {"ts", "level", "event"} <= set.intersection(*(set(event) for event in events))
    assert [events[0]["event"], events[-1]["event"]] == ["server.starting", "server.stopped"]


def test_a_data_directory_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch()

    _assert_one_line(_serve(file), str(file), "--data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o500)

    _assert_one_line(_serve(folder), str(folder), "--data")


@pytest.mark.parametrize(("offset", "option"), [(0, "--port"), (1, "--sandbox-port")])
def test_a_port_in_use_is_one_line_that_names_the_option(
    tmp_path: Path, offset: int, option: str
) -> None:
    port = free_ports()
    with socket.create_server(("127.0.0.1", port + offset)):
        ran = run("serve", "--data", tmp_path / "data", "--port", str(port))

    _assert_one_line(ran, str(port + offset), option)


def test_a_port_that_another_gatepass_uses_is_found_out(server: Server, tmp_path: Path) -> None:
    ran = run("serve", "--data", tmp_path / "data", "--port", str(server.port))

    _assert_one_line(ran, str(server.port))


def test_a_database_of_a_newer_version_is_one_line_and_stays_as_it_is(used: Path) -> None:
    database = sqlite3.connect(used / "sandbox.sqlite3")
    with database:
        database.execute("UPDATE gatepass_schema SET oldest_compatible = '9999'")
    database.close()

    _assert_one_line(_serve(used), "sandbox", "newer")

    database = sqlite3.connect(used / "sandbox.sqlite3")
    found = database.execute("SELECT oldest_compatible FROM gatepass_schema").fetchall()
    assert found == [("9999",)]
    database.close()


def test_a_file_that_is_no_database_is_one_line(used: Path) -> None:
    (used / "production.sqlite3").write_bytes(b"this is no database" * 1000)

    _assert_one_line(_serve(used), "production")


def test_an_affected_sqlite_library_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import apsw\napsw.sqlite_lib_version = lambda: '3.40.1'\n"
    )

    ran = _serve(tmp_path / "data", variables={"PYTHONPATH": str(tmp_path)})

    _assert_one_line(ran, "3.40.1", "apsw")


def test_a_server_without_what_windows_lacks_issues_tokens_and_says_what_is_slower(
    tmp_path: Path,
) -> None:
    missing = (
        "import sys\nfor name in ('httptools', 'resource', 'uvloop'): sys.modules[name] = None\n"
    )
    (tmp_path / "sitecustomize.py").write_text(missing)

    with serving(tmp_path / "data", variables={"PYTHONPATH": str(tmp_path)}) as server:
        acme = server.create_organization()
        billing = server.create_application(acme.org_id)
        answer = server.ask_token(billing.client_id, billing.client_secret)

    assert answer.status == 200
    reasons = [each.get("reason") for each in server.events() if each["event"] == "http.fallback"]
    assert reasons == ["httptools is not installed"]


def test_the_wrong_master_key_is_one_line(used: Path) -> None:
    (used / "master.key").write_text("A" * 43 + "=\n")

    _assert_one_line(_serve(used), "master.key")


def test_a_master_key_that_is_no_key_is_one_line_without_it(used: Path) -> None:
    (used / "master.key").write_text("correct-horse-battery")

    ran = _serve(used)

    _assert_one_line(ran, "master.key")
    assert "correct-horse" not in ran.err


def test_a_binary_master_key_is_one_line(used: Path) -> None:
    (used / "master.key").write_bytes(bytes(range(128, 160)))

    _assert_one_line(_serve(used), "master.key", "base64url")


def test_a_lost_master_key_is_asked_for_and_no_other_is_made(used: Path) -> None:
    (used / "master.key").unlink()

    _assert_one_line(_serve(used), "master.key", "backup")

    assert not (used / "master.key").exists()


def test_the_master_key_may_come_from_the_environment(used: Path) -> None:
    key = (used / "master.key").read_text()
    (used / "master.key").unlink()

    ran = run("organization", "list", "--data", used, variables={"GATEPASS_MASTER_KEY": key})

    assert ran.status == 0


def test_a_postgresql_that_does_not_answer_is_one_line_without_its_password(
    tmp_path: Path,
) -> None:
    port = free_ports()
    url = f"postgresql://gatepass:hunter2-hunter2@127.0.0.1:{port}/gatepass"

    ran = _serve(tmp_path / "data", variables={"GATEPASS_PRODUCTION__DATABASE": url})

    _assert_one_line(ran, "production", "Connection refused", "address")
    assert "hunter2" not in ran.err


def test_an_unknown_setting_is_one_line(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("log_fromat = 'json'\n")

    _assert_one_line(_serve(tmp_path / "data", "--config", str(config)), "log_fromat", "mine.toml")


def test_what_has_expired_is_deleted_soon_after_a_start(used: Path) -> None:
    database = Database(sqlite_url(used / "production.sqlite3"))
    expired = b"0123456789abcdef"
    with database.write() as connection:
        revocations.add(connection, expired, datetime(2026, 1, 1, tzinfo=UTC))

    def is_kept() -> bool:
        with database.read() as connection:
            return revocations.find(connection, expired) is not None

    with closing(database), serving(used):
        deadline = time.monotonic() + 60
        while is_kept():
            assert time.monotonic() < deadline
            time.sleep(0.1)
