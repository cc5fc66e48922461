"""`gatepass rotate` against a whole server: wherever it is killed, nobody is locked out."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from client.cli.rotation import DAY, InMemory, Program, in_file, served
from gatepass.cli import main
from gatepass.client.cli.rotate.endpoint import RotationRefused
from gatepass.client.cli.rotate.steps import RotationFailed
from gatepass.client.errors import ChangedMeanwhile, ClientError, ConfigurationError, Unreachable
from gatepass.client.secrets.writing.uri import store_of
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.environment import maintenance
from gatepass.wire.metadata import ROTATE_SECRET, TOKEN
from gatepass.wire.secret import Secret
from server.fixtures import InProcessServer, open_passive_server


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def whole_server(tmp_path: Path) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path / "data") as server:
        yield server


@pytest.fixture
def program(whole_server: InProcessServer) -> Program:
    return Program(whole_server)


def test_a_rotation_says_what_it_did_and_no_secret(program: Program) -> None:
    old = program.client.secret

    said = program.run()

    new = program.store.read()
    assert [each.partition(":")[0].partition(" the secret")[0] for each in said] == [
        "prepared",
        "wrote it into the store",
        "read it back",
        "got a token with it",
        "committed",
    ]
    assert new != old
    assert new.value not in str(said)
    assert f"ending in {new.value[-4:]}" in said[0]
    program.server.clock.advance(DAY)
    assert program.works(new)
    assert not program.works(old)


def test_until_it_is_due_nothing_changes(program: Program) -> None:
    program.run()
    new = program.store.read()
    program.server.clock.advance(29 * DAY)

    assert program.run()[0].startswith("not due: the next rotation is possible from 20")
    assert program.store.read() == new
    program.server.clock.advance(DAY)
    program.run()
    assert program.store.read() != new
    assert program.works(program.store.read())


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(program: Program) -> None:
    old = program.client.secret
    (would_rotate,) = program.run(only_look=True)
    new = _prepared(program)
    program.store = InMemory(new)
    (would_commit,) = program.run(only_look=True)

    assert would_rotate.startswith(f"would rotate the secret ending in {old.value[-4:]}")
    assert would_commit.startswith(f"would commit the secret ending in {new.value[-4:]}")
    assert program.works(old)


def _prepared(program: Program) -> Secret:
    answer = program.server.post(ROTATE_SECRET, by=program.client, data={"action": "prepare"})
    return Secret(answer.json()["client_secret"])


@contextmanager
def _each_write_step(event: Callable[[str], object]) -> Iterator[None]:
    """Call `event` around each step by which a file is replaced."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("fsync", "replace", "fchmod"):
            real = getattr(os, name)

            def step(
                *given: object, real: Callable[..., object] = real, name: str = name
            ) -> object:
                event(f"before {name}")
                done = real(*given)
                event(f"after {name}")
                return done

            patched.setattr(os, name, step)
        yield


def _run(program: Program, event: Callable[[str], object]) -> None:
    """Run it, with `event` at each boundary: of requests, of the file, and of the steps."""
    program.event = event
    try:
        with _each_write_step(event):
            program.run()
    finally:
        program.event = lambda _: None


def test_wherever_it_is_killed_the_store_works_and_the_next_run_finishes(
    whole_server: InProcessServer, tmp_path: Path
) -> None:
    boundaries: list[str] = []
    _run(Program(whole_server, in_file(tmp_path)), boundaries.append)
    assert {f"before {ROTATE_SECRET} action=commit", "after replace"} <= set(boundaries)

    for number, name in enumerate(boundaries):
        program = Program(whole_server, in_file(tmp_path, name=str(number)))
        old = program.client.secret
        left = number

        def kill(_: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        with pytest.raises(Killed):
            _run(program, kill)
        assert program.works(program.store.read()), name
        assert program.works(old), name
        program.run()
        program.server.clock.advance(DAY)
        assert program.store.read() != old, name
        assert program.works(program.store.read()), name
        assert not program.works(old), name


def test_a_day_after_it_was_killed_the_store_still_works(
    whole_server: InProcessServer, tmp_path: Path
) -> None:
    program = Program(whole_server, in_file(tmp_path))

    def kill(name: str) -> None:
        if name == "after replace":
            raise Killed

    with pytest.raises(Killed):
        _run(program, kill)
    program.server.clock.advance(300 * DAY)

    assert program.works(program.store.read())
    assert program.works(program.client.secret)
    assert program.run()[0].startswith("resumed: ")


def test_a_second_run_on_the_same_file_is_refused_while_one_is_running(
    whole_server: InProcessServer, tmp_path: Path
) -> None:
    program = Program(whole_server, in_file(tmp_path))
    refused: list[ClientError] = []

    def run_again(name: str) -> None:
        if name.startswith("after: prepared"):
            program.event = lambda _: None
            with pytest.raises(ChangedMeanwhile) as running:
                program.run()
            refused.append(running.value)

    _run(program, run_again)

    assert "another rotation" in str(refused[0])
    assert program.works(program.store.read())


def test_of_two_runs_on_two_machines_one_rotates_and_the_store_works(program: Program) -> None:
    failed = []

    def run_again(name: str) -> None:
        if name.startswith("after: prepared"):
            program.event = lambda _: None
            program.run()  # waits until the first one's secret may be replaced

    try:
        _run(program, run_again)
    except RotationFailed as error:
        failed.append(str(error))

    assert "nothing was written" in failed[0]
    assert program.store.read() != program.client.secret
    program.server.clock.advance(DAY)
    assert program.works(program.store.read())


def test_a_store_that_another_program_writes_is_left_as_it_is(program: Program) -> None:
    store = InMemory(program.client.secret)
    program.store = store
    store.before_write = lambda: setattr(store, "secret", Secret("of another program"))

    with pytest.raises(ChangedMeanwhile):
        program.run()

    assert store.secret == Secret("of another program")
    assert program.works(program.client.secret)


def test_a_store_that_lags_is_read_again_and_one_that_never_follows_is_told(
    program: Program,
) -> None:
    old = program.client.secret
    store = InMemory(old)
    program.store = store
    store.stale = [old] * 3
    assert "read it back" in program.run()
    program.server.clock.advance(30 * DAY)
    now = store.secret
    store.stale = [now] * 99

    with pytest.raises(RotationFailed, match="still gives the old secret, which works"):
        program.run()
    assert program.works(now)


def test_what_another_program_wrote_after_this_one_is_not_committed(program: Program) -> None:
    store = InMemory(program.client.secret)
    program.store = store
    store.stale = [program.client.secret, Secret("of another program")]

    with pytest.raises(RotationFailed, match="Nothing was committed"):
        program.run()
    assert program.works(program.client.secret)


def test_where_the_server_refuses_the_new_secret_the_old_one_is_put_back(program: Program) -> None:
    def revoke_new(name: str) -> None:
        if name == "after: read it back":
            application = _application(program)
            new = max(application.secrets, key=lambda each: each.created_at)
            context = program.server.environment().context
            secret_operations.revoke(context, OPERATOR, application.id, new.id, None)

    with pytest.raises(RotationFailed, match="the old one is back in the store"):
        _run(program, revoke_new)

    assert program.store.read() == program.client.secret
    assert program.works(program.client.secret)


def _application(program: Program) -> Application:
    context = program.server.environment().context
    return applications.find(context, program.client.application.id, None)


def test_an_answer_that_is_lost_is_asked_for_again(program: Program) -> None:
    lost = {"prepare", "commit", "status"}

    def lose(name: str) -> None:
        action = name.rpartition("=")[2]
        if name.startswith(f"after {ROTATE_SECRET}") and action in lost:
            lost.remove(action)
            raise Unreachable("the connection broke")

    _run(program, lose)

    assert not lost
    assert program.said[-1].startswith("committed")
    program.server.clock.advance(DAY)
    assert program.works(program.store.read())


def test_a_server_that_is_away_is_told_and_nothing_is_lost(program: Program) -> None:
    def away(_: str) -> None:
        raise Unreachable("no route")

    with pytest.raises((RotationFailed, ConfigurationError, Unreachable)):
        _run(program, away)

    assert program.works(program.store.read())


def test_off_is_told_with_where_to_turn_it_on(program: Program) -> None:
    program.configure(is_on=False)

    with pytest.raises(RotationRefused, match="turn it on in the portal"):
        program.run()


def test_a_secret_that_was_replaced_long_since_is_told(program: Program) -> None:
    old = program.client.secret
    program.run()
    program.store = InMemory(old)

    with pytest.raises(RotationFailed, match="has a secret that was replaced until 20"):
        program.run()


def test_a_prepared_secret_that_programs_use_by_now_is_not_replaced(program: Program) -> None:
    new = _prepared(program)
    assert program.works(new)
    maintenance.flush(program.server.environment())
    program.server.clock.advance(120)

    with pytest.raises(RotationRefused, match="Commit with it"):
        program.run()
    assert program.works(new)
    assert program.works(program.client.secret)


@pytest.mark.parametrize("place", ["env:SECRET", "command:echo x", "keyring:a/b"])
def test_what_is_only_read_is_no_store(place: str) -> None:
    with pytest.raises(ConfigurationError, match="file:, vault:, aws:"):
        store_of(place)


def _gatepass(*words: str, **environ: str) -> Result:
    unset = dict.fromkeys(
        ("GATEPASS_CLIENT_SECRET", "GATEPASS_CLIENT_SECRET_FILE", "GATEPASS_CLIENT_SECRET_FROM")
    )
    return CliRunner().invoke(main, words, env=unset | environ, prog_name="gatepass")


def test_the_command_rotates_a_file_and_the_second_time_it_is_not_due(tmp_path: Path) -> None:
    with served(tmp_path / "data") as (server, url):
        program = Program(server, in_file(tmp_path))
        environ = {
            "GATEPASS_TOKEN_URL": url + TOKEN,
            "GATEPASS_CLIENT_ID": program.client.client_id,
            "GATEPASS_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        }
        dry = _gatepass("rotate", "--dry-run", **environ)
        unchanged = program.store.read()
        done = _gatepass("rotate", **environ)
        again = _gatepass("rotate", "--into", f"file:{tmp_path / 'secret'}", **environ)
        new = program.store.read()

        assert dry.output.startswith("would rotate"), dry.output
        assert unchanged == program.client.secret
        assert done.exit_code == 0, done.output
        assert "committed: the old secret works until 20" in done.output
        assert again.output.startswith("not due"), again.output
        assert new.value not in done.output
        assert program.client.secret.value not in done.output
        assert program.works(new)


def test_the_command_names_what_is_missing() -> None:
    nothing = _gatepass("rotate")
    no_url = _gatepass("rotate", "--into", "file:/nonexistent/secret")

    assert nothing.exit_code == no_url.exit_code == 1
    assert "--into" in nothing.stderr
    assert "GATEPASS_TOKEN_URL" in no_url.stderr
