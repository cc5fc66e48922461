"""Many logins at once on a real server: whoever does not log in does not notice."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from server_process import Credentials, Server, serving
from stories.partners.portal import Portal

_PATIENCE = 60.0  # seconds, after which a test gives up
_LOGINS = 16
_QUEUE = 3
# A hash of some seconds: nothing here is a matter of milliseconds.
_COSTLY = {
    "GATEPASS_PASSWORD__TIME_COST": "32",
    "GATEPASS_PASSWORD__MEMORY_KIB": str(96 * 1024),
    "GATEPASS_PASSWORD__AT_ONCE": "1",
    "GATEPASS_PASSWORD__QUEUE": str(_QUEUE),
}


class Flood(NamedTuple):
    """What was answered: in the flood, and to others before the first of its hashes was done."""

    logins: list[httpx2.Response]
    others: list[int]
    unanswered: int


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("flood") / "data", variables=_COSTLY) as running:
        yield running


@pytest.fixture(scope="module")
def flood(busy: Server) -> Flood:
    organization = busy.create_organization()
    credentials = busy.create_application(organization.org_id)
    with Portal(busy) as known, ThreadPoolExecutor(_LOGINS) as threads:
        first = known.log_in(organization.username, organization.initial_password)
        assert first.status_code == 303
        strangers = [Portal(busy) for _ in range(_LOGINS)]
        posts = [
            threads.submit(each.log_in, f"nobody{number}", "not the right one")
            for number, each in enumerate(strangers)
        ]
        wait_for(busy, posts)
        others = ask_others(busy, known, credentials)
        unanswered = sum(not each.done() for each in posts)
        logins = [each.result() for each in posts]
        others.append(known.http.get("/accounts/password/").status_code)
        for each in strangers:
            each.http.close()
    return Flood(logins, others, unanswered)


def wait_for(server: Server, posts: "list[Future[httpx2.Response]]") -> None:
    """Wait until the queue is full and everybody else has been answered."""
    deadline = time.monotonic() + _PATIENCE
    while sum(not each.done() for each in posts) > _QUEUE + 1 or waiting(server) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ask_others(server: Server, known: Portal, credentials: Credentials) -> list[int]:
    """Load pages and get tokens; give the statuses."""
    statuses = []
    for _ in range(20):
        page = server.ask("GET", "/accounts/login/")
        token = server.ask_token(credentials.client_id, credentials.client_secret)
        own = known.http.get("/accounts/password/")
        statuses += [page.status, token.status, own.status_code]
    return statuses


def waiting(server: Server) -> float:
    return figure(server, "gatepass_queue_waiting")


def figure(server: Server, name: str) -> float:
    text = server.ask("GET", "/metrics").text
    return next(
        each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if each.name == name and each.labels["queue"] == "passwords"
    )


def test_others_are_answered_while_logins_wait_for_their_hash(flood: Flood) -> None:
    assert set(flood.others) == {200}
    assert flood.unanswered > 0


@pytest.mark.spec("RFC 9110", "10.2.3")
def test_logins_beyond_the_queue_are_told_to_come_back(flood: Flood) -> None:
    surplus = [each for each in flood.logins if each.status_code == 503]

    assert surplus
    assert {each.headers["retry-after"] for each in surplus} == {"5"}
    assert all("Try again in 5 seconds" in each.text for each in surplus)


def test_logins_within_the_queue_are_answered(flood: Flood) -> None:
    answered = [each.status_code for each in flood.logins if each.status_code != 503]

    assert set(answered) == {400}
    assert len(answered) > _QUEUE


def test_the_flood_is_in_the_metrics_and_leaves_one_line_in_the_log(
    flood: Flood, busy: Server
) -> None:
    surplus = [each for each in flood.logins if each.status_code == 503]

    assert figure(busy, "gatepass_queue_refused_total") == len(surplus)
    assert waiting(busy) == 0
    assert busy.log().count("queue.full") == 1
