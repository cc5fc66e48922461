"""Three guards before an API, and a server whose keys change under them."""

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from gatepass.cli import main
from gatepass.guard import Denied, Guard, Request, Requirements
from gatepass.guard.testing import Clock
from server_process import Credentials, Server, serving

READ = Requirements.of("read")
ROTATIONS = 50
KEPT = 300  # seconds that a guard keeps keys, unless told otherwise
COOLDOWN = 10


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Server]:
    variables = {"GATEPASS_PRODUCTION__TOKENS": "jwt"}
    with serving(tmp_path / "data", variables=variables) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guards(running: Server, clock: Clock) -> Iterator[list[Guard]]:
    resource = running.url() + "/api/partners/v2.0"
    with ExitStack() as stack:
        yield [
            stack.enter_context(Guard(running.url(), resource=resource, clock=clock))
            for _ in range(3)
        ]


def rotate(server: Server, *options: str) -> None:
    """Rotate the keys by the command, in this process as fifty interpreters take long to start."""
    variables = {"GATEPASS_PORT": str(server.port), "GATEPASS_SANDBOX_PORT": str(server.port + 1)}
    arguments = ["keys", "rotate", "--data", str(server.data), "--yes", *options]
    ran = CliRunner(env=server.variables | variables).invoke(main, arguments)
    assert ran.exit_code == 0, ran.output


def published(server: Server) -> set[str]:
    return {key["kid"] for key in server.ask("GET", "/.well-known/jwks.json").body["keys"]}


def kid_of(token: str) -> str:
    head = token.partition(".")[0]
    kid: str = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
    return kid


def token(server: Server, partner: Credentials) -> str:
    text: str = server.ask_token(partner.client_id, partner.client_secret).body["access_token"]
    return text


def outcome(guard: Guard, text: str) -> int:
    try:
        guard.identify(Request((f"Bearer {text}",)), READ)
    except Denied as denied:
        return denied.error_response.status
    return 200


@contextmanager
def polled(guards: list[Guard], tokens: list[str]) -> Iterator[list[Counter[int]]]:
    """Have each guard asked, in a thread of its own, about every token again and again."""
    enough = threading.Event()
    found = [Counter[int]() for _ in guards]

    def poll(guard: Guard, counted: Counter[int]) -> None:
        while not enough.is_set():
            counted.update(outcome(guard, each) for each in tuple(tokens))
            time.sleep(0.002)  # or the server would get no turn

    threads = [threading.Thread(target=poll, args=each) for each in zip(guards, found, strict=True)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def test_fifty_rotations_refuse_no_valid_token_and_an_emergency_ends_the_old_ones(
    running: Server, guards: list[Guard], clock: Clock
) -> None:
    partner = running.create_application(running.create_organization().org_id)
    tokens = [token(running, partner)]

    with polled(guards, tokens) as found:
        for number in range(ROTATIONS):
            rotate(running)
            clock.advance(KEPT / 5)
            if number % 10 == 0:
                tokens.append(token(running, partner))
    assert [set(each) for each in found] == [{200}] * 3
    assert all(guard.counters.key_fetches >= ROTATIONS // 5 - 1 for guard in guards)

    for _ in range(2):
        old = kid_of(tokens[-1])
        rotate(running, "--now")
        while old in published(running) or kid_of(fresh_server := token(running, partner)) == old:
            time.sleep(0.01)

        assert [outcome(guard, fresh_server) for guard in guards] == [200] * 3
        clock.advance(KEPT)
        assert {outcome(guard, each) for guard in guards for each in tokens} == {401}
        tokens[:] = [fresh_server]
        clock.advance(COOLDOWN)  # as the old keys were looked for in vain
