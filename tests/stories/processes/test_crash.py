"""kill -9 at random moments: what was acknowledged is there, and nothing of it is undone."""

import queue
import random
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from server_process import Credentials, Organization, Server, serving
from stories.partners.portal import PASSWORD, Copied, Portal

_CRASHES = 10  # in each of the stories, of which there are five
_HANDS = 3  # people who work at the same time
_LONGEST_LIFE = 16  # answers that a server has given before it is killed
_LONGEST_REQUEST = 0.02  # seconds: by then the next answers are under way


@dataclass
class Ledger:
    """What the server has acknowledged."""

    registered: set[str] = field(default_factory=set)
    live: dict[str, Copied] = field(default_factory=dict)
    ended: list[Copied] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)

    def counts(self) -> tuple[int, int, int]:
        return len(self.registered), len(self.ended), len(self.revoked)


@dataclass
class Hand:
    """One person's work: register, copy, get a token and revoke it, rotate, copy; and again."""

    server: Server
    portal: Portal
    ledger: Ledger
    answers: queue.SimpleQueue[None]  # one for each answer, for whoever waits for them

    def work(self) -> None:
        """Go on until the server is gone."""
        try:
            while True:
                self._once()
        except httpx2.TransportError:
            return

    def _once(self) -> None:
        app_id = self.portal.register("Billing")
        self.ledger.registered.add(app_id)
        self.answers.put(None)
        first = self.portal.copy(app_id)
        self.ledger.live[app_id] = first
        self.answers.put(None)
        self._revoke(first)
        self.answers.put(None)
        del self.ledger.live[app_id]  # from here until the answer, either secret may be the one
        self.portal.rotate(app_id)
        self.ledger.ended.append(first)
        self.answers.put(None)
        self.ledger.live[app_id] = self.portal.copy(app_id)
        self.answers.put(None)

    def _revoke(self, copied: Copied) -> None:
        token = _token(self.portal, copied)
        answer = self.portal.http.post(
            "/oauth2/revoke_token/", data={"token": token}, auth=copied[1:]
        )
        assert answer.status_code == 200
        self.ledger.revoked.append(token)


def _token(portal: Portal, copied: Copied) -> str:
    answer = _ask(portal, copied)
    assert answer.status_code == 200
    token: str = answer.json()["access_token"]
    return token


def _ask(portal: Portal, copied: Copied) -> httpx2.Response:
    form = {"grant_type": "client_credentials"}
    return portal.http.post("/oauth2/token/", data=form, auth=copied[1:])


@pytest.fixture
def organization(fresh_server: Server) -> Organization:
    return fresh_server.create_organization()


@pytest.fixture
def auditor(fresh_server: Server, organization: Organization) -> Credentials:
    """Return an application that may ask about every token."""
    return fresh_server.create_application(
        organization.org_id, "Auditor", scope="read introspection"
    )


@pytest.fixture
def hands(fresh_server: Server, organization: Organization, ledger: Ledger) -> Iterator[list[Hand]]:
    """People who are logged in; their sessions outlive every crash."""
    portals = [Portal(fresh_server) for _ in range(_HANDS)]
    portals[0].begin(organization)
    for portal in portals[1:]:
        assert portal.log_in(organization.username, PASSWORD).status_code == 303
    answers: queue.SimpleQueue[None] = queue.SimpleQueue()
    yield [Hand(fresh_server, portal, ledger, answers) for portal in portals]
    for portal in portals:
        portal.http.close()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.mark.parametrize("seed", range(5))
def test_ten_times_killed_at_work_nothing_acknowledged_is_lost_or_undone(
    fresh_server: Server, auditor: Credentials, hands: list[Hand], ledger: Ledger, seed: int
) -> None:
    moments = random.Random(seed)
    for _ in range(_CRASHES):
        _live_and_die(fresh_server, hands, moments)
        fresh_server.start()
        _check(hands[0].portal, auditor, ledger)

    fresh_server.stop()
    _check_integrity(fresh_server.data)
    print("\nregistered, rotated, revoked:", ledger.counts())  # noqa: T201
    assert all(ledger.counts())


def _live_and_die(server: Server, hands: list[Hand], moments: random.Random) -> None:
    """Kill the server after some answers, in the middle of the work for the next ones.

    Its life is counted in answers, so that on a slow machine, too, all kinds of work are reached.
    """
    failures: list[BaseException] = []

    def work(hand: Hand) -> None:
        try:
            hand.work()
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(hand,)) for hand in hands]
    for thread in threads:
        thread.start()
    for _ in range(moments.randint(0, _LONGEST_LIFE)):
        hands[0].answers.get(timeout=60)
    threads[0].join(moments.uniform(0, _LONGEST_REQUEST))
    server.kill()
    for thread in threads:
        thread.join()
    assert failures == []


def _is_active(portal: Portal, token: str, auditor: Credentials) -> bool:
    answer = portal.http.post("/oauth2/introspect/", data={"token": token}, auth=auditor[:2])
    assert answer.status_code == 200
    active: bool = answer.json()["active"]
    return active


def _check(portal: Portal, auditor: Credentials, ledger: Ledger) -> None:
    """See that the ledger is true, all of it, from the first life on."""
    listed = portal.listed()
    assert [app_id for app_id in ledger.registered if app_id not in listed] == []
    assert {_ask(portal, copied).status_code for copied in ledger.ended} <= {401}
    assert {_ask(portal, copied).status_code for copied in ledger.live.values()} <= {200}
    for token in ledger.revoked:
        assert not _is_active(portal, token, auditor)


def _check_integrity(data: Path) -> None:
    for name in ("production", "sandbox"):
        database = sqlite3.connect(data / f"{name}.sqlite3")
        try:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        finally:
            database.close()


def test_a_server_that_was_killed_starts_again_on_the_same_port(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        server.kill()
        server.start()

        assert server.ask("GET", "/healthz").status == 200
