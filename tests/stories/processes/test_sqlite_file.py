"""What happens to a SQLite file under a running server, and before a start."""

import resource
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from commands import Ran, run
from server_process import Answer, Credentials, Server, free_ports, serving

_LIMIT = 64 * 1024  # bytes of a file: less than the write-ahead log has, more than the server's log


class Used(NamedTuple):
    """A server with an application, whose tokens can be revoked."""

    server: Server
    billing: Credentials
    token: str

    def ask(self) -> Answer:
        return self.server.ask_token(self.billing.client_id, self.billing.client_secret)

    def revoke(self) -> Answer:
        """Revoke a token that no other test has revoked, which is a change to be stored."""
        issued = self.ask()
        who = (self.billing.client_id, self.billing.client_secret)
        form = {"token": issued.body["access_token"] if issued.status == 200 else self.token}
        return self.server.ask("POST", "/oauth2/revoke_token/", auth=who, data=form)

    def state(self) -> tuple[int, str]:
        ready = self.server.ask("GET", "/readyz")
        return ready.status, ready.body["production"]

    @property
    def file(self) -> Path:
        return self.server.data / "production.sqlite3"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    """One server for the tests that leave it as it was."""
    with serving(tmp_path_factory.mktemp("shared") / "data") as server:
        yield _used(server)


@pytest.fixture
def used(fresh_server: Server) -> Used:
    return _used(fresh_server)


def _used(server: Server) -> Used:
    acme = server.create_organization()
    billing = server.create_application(acme.org_id)
    answer = server.ask_token(billing.client_id, billing.client_secret)
    return Used(server, billing, answer.body["access_token"])


def eventually(is_so: Callable[[], bool], within: float = 60.0) -> None:
    """Wait until it is so; `within` only ends what would never be."""
    until = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def is_lost(used: Used, word: str) -> bool:
    status, state = used.state()
    return status == 503 and state.startswith("database_away: ") and word in state


def test_a_file_that_is_gone_makes_the_server_not_ready_until_it_is_back(shared: Used) -> None:
    shared.file.rename(shared.file.with_suffix(".away"))

    assert shared.revoke().status == 503
    eventually(lambda: is_lost(shared, "is gone"))
    assert shared.ask().status == 503
    assert not shared.file.exists()  # no new one is begun in its place

    shared.file.with_suffix(".away").rename(shared.file)
    eventually(lambda: shared.state() == (200, "ok"))
    assert shared.ask().status == shared.revoke().status == 200


def test_nothing_is_acknowledged_that_a_replaced_file_would_lose(used: Used) -> None:
    copy = used.file.with_suffix(".copy")
    shutil.copyfile(used.file, copy)
    before = copy.read_bytes()
    copy.rename(used.file)

    assert used.revoke().status == 503
    eventually(lambda: is_lost(used, "was replaced"))
    assert used.ask().status == 503
    assert used.file.read_bytes() == before


def test_a_file_that_is_overwritten_makes_the_server_not_ready(used: Used) -> None:
    used.file.write_bytes(b"")

    eventually(lambda: is_lost(used, "was overwritten"))
    assert used.ask().status == 503


def test_while_another_program_holds_the_file_changes_are_503_and_tokens_are_issued(
    shared: Used,
) -> None:
    with closing(sqlite3.connect(shared.file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")

        assert shared.revoke().status == 503
        assert shared.ask().status == 200

    assert shared.revoke().status == 200


def test_a_full_disk_refuses_changes_is_told_and_leaves_the_server_ready(shared: Used) -> None:
    with full_disk(shared.server):
        eventually(lambda: shared.revoke().status == 503)
        eventually(lambda: "database_unwritable: changes are refused" in shared.state()[1])
        assert shared.state()[0] == shared.ask().status == 200

    assert shared.revoke().status == 200
    eventually(lambda: shared.state() == (200, "ok"))


@contextmanager
def full_disk(server: Server) -> Iterator[None]:
    """Let the server write no file beyond a size, as a full disk or a quota would."""
    assert server.process is not None
    process, (_, most) = server.process.pid, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (_LIMIT, most))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))


def _create(data: Path) -> Ran:
    who = ("Acme Energy", "--admin", "anna", "--environment", "production")
    return run("organization", "create", *who, "--data", data)


def _serve(data: Path, *more: str) -> Ran:
    return run("serve", "--data", data, "--port", str(free_ports()), *more)


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A data directory in which everything has been made."""
    data = tmp_path / "data"
    assert _create(data).status == 0
    return data


def _lose(data: Path) -> None:
    for file in data.glob("sandbox.sqlite3*"):
        file.unlink()


def _empty(data: Path) -> None:
    _lose(data)
    (data / "sandbox.sqlite3").touch()


@pytest.mark.parametrize("harm", [_lose, _empty])
def test_a_missing_or_empty_database_in_a_used_directory_is_refused_in_words(
    stopped: Path, harm: Callable[[Path], None]
) -> None:
    harm(stopped)
    size = {file.name: file.stat().st_size for file in stopped.iterdir()}

    for ran in (_serve(stopped), run("organization", "list", "--data", stopped)):
        assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1), ran.err
        for word in ("sandbox.sqlite3", "missing or empty", "--create-database sandbox"):
            assert word in ran.err
    assert {file.name: file.stat().st_size for file in stopped.iterdir()} == size


def test_an_empty_database_begins_where_that_is_asked_for(stopped: Path) -> None:
    _lose(stopped)

    with serving(stopped, "--create-database", "sandbox") as server:
        assert server.ask("GET", "/readyz").body["sandbox"] == "ok"


def test_a_first_start_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    """As after a crash: one database without a key, no master key, no second database."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "production.sqlite3").touch()

    assert _create(data).status == 0
    assert (data / "sandbox.sqlite3").stat().st_size > 0
