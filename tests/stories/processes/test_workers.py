"""Two workers on one database: what one of them does, or the command line, the other knows."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx2
import pytest

from server_process import Credentials, Organization, Server, serving

_PATIENCE = 20.0  # seconds, after which a test gives up; the measured times are printed
_ROUNDS = 10
_CONNECTIONS = 64


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("two") / "data", "--workers", "2") as running:
        yield running


@pytest.fixture(scope="module")
def organization(two: Server) -> Organization:
    return two.create_organization()


@pytest.fixture
def credentials(two: Server, organization: Organization) -> Credentials:
    return two.create_application(organization.org_id)


@contextmanager
def _one_connection_to_each(server: Server) -> Iterator[dict[int, httpx2.Client]]:
    """Return a kept connection to each worker, by its process id, which the log tells.

    Which worker takes a new connection is the kernel's choice, so connections are made until
    both have one.
    """
    found: dict[int, httpx2.Client] = {}
    with ExitStack() as stack:
        for _ in range(_CONNECTIONS):
            one = httpx2.Limits(max_connections=1, keepalive_expiry=None)
            client = httpx2.Client(base_url=server.url(), trust_env=False, limits=one)
            stack.enter_context(client)
            refused = client.post("/oauth2/token/", data={"grant_type": "password"})
            assert refused.status_code == 401
            last = [event for event in server.events() if event["event"] == "client.refused"][-1]
            found.setdefault(last["pid"], client)
            if len(found) == 2:
                break
        assert len(found) == 2, "one worker took every connection"
        yield found


def _wait(until: Callable[[], bool]) -> float:
    """Wait until it holds; give the seconds that took."""
    started = time.monotonic()
    while not until():
        assert time.monotonic() - started < _PATIENCE
    return time.monotonic() - started


def _token(client: httpx2.Client, credentials: Credentials) -> str:
    answer = client.post(
        "/oauth2/token/", data={"grant_type": "client_credentials"}, auth=credentials[:2]
    )
    assert answer.status_code == 200
    token: str = answer.json()["access_token"]
    return token


def _status(client: httpx2.Client, organization: Organization, token: str) -> int:
    path = f"/api/partners/v2.0/org/{organization.org_id}"
    return client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code


def _is_dead(client: httpx2.Client, organization: Organization, token: str) -> bool:
    return _status(client, organization, token) == 401


def test_a_token_revoked_at_one_worker_is_dead_at_the_other(
    two: Server, organization: Organization, credentials: Credentials
) -> None:
    took = []
    with _one_connection_to_each(two) as clients:
        here, there = clients.values()
        for _ in range(_ROUNDS):
            token = _token(here, credentials)
            assert [_status(each, organization, token) for each in (here, there)] == [200, 200]
            revoked = here.post(
                "/oauth2/revoke_token/", data={"token": token}, auth=credentials[:2]
            )
            assert revoked.status_code == 200
            assert _status(here, organization, token) == 401
            took.append(_wait(partial(_is_dead, there, organization, token)))
            here, there = there, here

    print(f"\nrevoked at the other worker after {max(took) * 1000:.0f} ms at most")  # noqa: T201


def test_an_application_disabled_by_the_command_line_is_noticed_by_both_workers(
    two: Server, organization: Organization, credentials: Credentials
) -> None:
    with _one_connection_to_each(two) as clients:
        both = list(clients.values())
        token = _token(both[0], credentials)
        assert [_status(each, organization, token) for each in both] == [200, 200]

        assert two.run("application", "disable", credentials.client_id).status == 0
        took = [_wait(partial(_is_dead, each, organization, token)) for each in both]
        asked = [
            each.post(
                "/oauth2/token/", data={"grant_type": "client_credentials"}, auth=credentials[:2]
            ).status_code
            for each in both
        ]

    assert asked == [401, 401]
    print(f"\ndisabled at both workers {max(took) * 1000:.0f} ms after the command")  # noqa: T201


def test_a_worker_that_dies_is_replaced(two: Server) -> None:
    with _one_connection_to_each(two) as clients:
        dead = next(iter(clients))
    os.kill(dead, signal.SIGKILL)

    def is_replaced() -> bool:
        started = [each for each in two.events() if "Application startup" in each["event"]]
        return len({each["pid"] for each in started}) > 2

    _wait(is_replaced)
    with _one_connection_to_each(two) as clients:
        assert dead not in clients


def test_workers_end_when_their_supervisor_was_killed(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--workers", "2") as server:
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGKILL)

        def is_gone() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", server.port)) != 0

        _wait(is_gone)


def test_two_workers_stop_with_status_0(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--workers", "2") as server:
        assert server.stop() == 0
