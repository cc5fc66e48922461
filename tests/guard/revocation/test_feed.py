"""The feed followed over real HTTP, by its own thread."""

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx2
import pytest

from gatepass.guard import Denied, Guard
from gatepass.guard import Request as Arrived
from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.revocation import feed as feeds
from gatepass.guard.revocation import feed_page
from gatepass.guard.revocation.connection import Connection
from gatepass.guard.revocation.feed import Feed
from gatepass.testing import Clock
from gatepass.wire import basic
from gatepass.wire.flow import Request
from gatepass.wire.secret import Secret
from guard.http_server import serving, unused_address
from guard.revocation.feed_server import JTI, NOW, PATIENCE, TOKEN_ID, FakeFeed, eventually
from reverse_proxy import VARIABLES

GUARD = Credentials("guard", Secret("s3cret"))
GOOD_UNTIL = 2**32 - 1


@pytest.fixture
def server() -> Iterator[FakeFeed]:
    fake = FakeFeed()
    with serving(fake.app) as address:
        fake.issuer = address
        yield fake
        fake.let_go()


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def feed(server: FakeFeed, clock: Clock) -> Iterator[Feed]:
    with closing(Feed(server.issuer, GUARD, clock=clock)) as made:
        yield made


def test_it_knows_nothing_until_the_first_snapshot_is_whole(server: FakeFeed, feed: Feed) -> None:
    assert feed.state() == "stale"  # and starts
    server.tell(reset=True, more=True, tokens={TOKEN_ID: GOOD_UNTIL})
    server.wait(2)
    assert feed.state() == "stale"
    assert feed.status()["lag"] is None
    server.tell(cursor="c2")

    assert feed.ready(PATIENCE)
    assert feed.state() == "fresh"
    assert feed.is_revoked(JTI, "acme", NOW)
    assert feed.lag() == 0
    assert feed.status() == {
        "state": "fresh",
        "lag": 0,
        "limit": 30,
        "problem": "",
        "tokens": 1,
        "applications": 0,
        "keys": 0,
    }


def test_it_learns_one_thing_after_the_other(server: FakeFeed, feed: Feed) -> None:
    server.tell(reset=True)
    assert feed.ready(PATIENCE)
    assert not feed.is_revoked(JTI, "acme", NOW)
    server.tell(cursor="c2", tokens={TOKEN_ID: GOOD_UNTIL})
    server.tell(cursor="c3", keys=["kid"])
    server.wait(4)

    assert feed.is_revoked(JTI, "acme", NOW)
    assert feed.is_revoked(None, "acme", NOW, "kid")
    assert [each.get("cursor") for each in server.asked] == [None, "c1", "c2", "c3"]


def test_it_is_silent_past_its_limit_and_fresh_again_with_the_next_word(
    server: FakeFeed, feed: Feed, clock: Clock
) -> None:
    server.tell(reset=True)
    assert feed.ready(PATIENCE)
    server.wait(2)
    clock.now += 30
    assert feed.state() == "fresh"
    clock.now += 0.5
    assert feed.state(1_800_000_000) == "stale"  # the guard's time changes nothing
    clock.now += 0.5
    assert (feed.state(), feed.lag()) == ("stale", 31)
    server.tell()
    server.wait(3)

    assert (feed.state(), feed.lag()) == ("fresh", 0)


def test_what_the_server_itself_knows_late_is_as_old(server: FakeFeed, feed: Feed) -> None:
    server.tell(reset=True, as_of=NOW - 29)
    assert feed.ready(PATIENCE)
    assert (feed.state(), feed.lag()) == ("fresh", 29)
    server.tell(as_of=NOW - 100)  # by a worker that is behind the other one
    server.wait(3)

    assert (feed.state(), feed.lag()) == ("fresh", 29)


def test_a_server_that_answers_but_knows_nothing_new_is_silent(
    server: FakeFeed, feed: Feed
) -> None:
    server.tell(reset=True, as_of=NOW - 31)
    assert feed.ready(PATIENCE)

    assert feed.state() == "stale"


@pytest.mark.parametrize("skew", [-100_000, -61, 61, 100_000])
def test_a_clock_that_is_off_at_either_end_changes_nothing(
    server: FakeFeed, feed: Feed, skew: float
) -> None:
    there = time.time() + skew
    server.tell(reset=True, time=there, as_of=there, tokens={TOKEN_ID: GOOD_UNTIL})
    assert feed.ready(PATIENCE)

    assert (feed.state(), feed.lag()) == ("fresh", 0)
    assert feed.is_revoked(JTI, "acme", NOW)


def test_an_answer_that_cannot_be_trusted_is_said_once_and_asked_again(
    server: FakeFeed, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gatepass.guard")
    for _ in range(2):
        server.send(b"<html>", media_type="text/html")
    server.send(b"{}", 503, retry_after="0")
    server.send(b" " * (feed_page.LONGEST + 1))
    server.tell(reset=True)
    assert feed.ready(PATIENCE)

    cannot = "the revocation feed cannot be followed: the feed"
    assert [record.getMessage() for record in caplog.records] == [
        f"{cannot}'s answer is not application/json",
        f"{cannot} answered 503: try again later",
        f"{cannot}'s answer is longer than {feed_page.LONGEST} bytes",
        "the revocation feed answers again",
    ]
    assert "s3cret" not in caplog.text


def test_an_answer_that_never_ends_is_cut_at_its_bound(server: FakeFeed, feed: Feed) -> None:
    server.drip()
    server.tell(reset=True)

    assert feed.ready(PATIENCE)


def test_nobody_there_is_a_problem_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with Feed(unused_address(), GUARD) as feed:
        assert feed.state() == "stale"
        eventually(lambda: feed.status()["problem"])

        assert feed.status()["problem"] == "ConnectError"
        assert not feed.ready(0)
    assert "ConnectError" in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTPS_PROXY", "nonsense://x"), ("SSL_CERT_FILE", "/nowhere/ca.pem"), ("ALL_PROXY", "::")],
)
def test_an_environment_that_allows_no_client_is_a_problem_until_it_is_corrected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for each in VARIABLES:
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, value)
    with Feed(unused_address().replace("http:", "https:"), GUARD) as feed:
        feed.start()
        eventually(lambda: feed.status()["problem"])
        assert "the HTTP client cannot be made, correct the environment" in str(
            feed.status()["problem"]
        )
        monkeypatch.delenv(name)
        eventually(lambda: feed.status()["problem"] == "ConnectError")


@pytest.mark.parametrize(
    ("name", "value"), [("HTTPS_PROXY", "nonsense://x"), ("SSL_CERT_FILE", "/nowhere/ca.pem")]
)
@pytest.mark.parametrize("token", ["opaque", "eyJraWQiOiJ4In0.e30.e30"])
def test_a_guard_in_such_an_environment_answers_503(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, token: str
) -> None:
    monkeypatch.setenv(name, value)
    issuer = unused_address().replace("http:", "https:")
    header = (f"Bearer {token}",)
    with (
        Guard(
            issuer, resource="https://api.example.com", client_id="g", client_secret="s"
        ) as guard,
        pytest.raises(Denied) as denied,
    ):
        guard.identify(Arrived(authorization=header))

    assert denied.value.error_response.status == 503


def drip(door: socket.socket, is_over: threading.Event) -> None:
    """Begin a header that never ends."""
    talking, _ = door.accept()
    with talking, suppress(OSError):
        talking.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        while not is_over.wait(0.01):
            talking.sendall(b"a")


def test_a_header_that_drips_is_cut_by_the_look_at_an_exchange_that_takes_too_long() -> None:
    is_over = threading.Event()
    connection = Connection("http://127.0.0.1", seconds=0.2)

    def look() -> None:
        while not is_over.wait(0.01):
            connection.cut_overdue()

    with socket.create_server(("127.0.0.1", 0)) as door:
        threads = [threading.Thread(target=drip, args=(door, is_over))]
        threads.append(threading.Thread(target=look))
        for thread in threads:
            thread.start()
        with pytest.raises(httpx2.TransportError):
            connection.exchange(Request("GET", f"http://127.0.0.1:{door.getsockname()[1]}", {}))
        is_over.set()
        for thread in threads:
            thread.join()
    connection.close()


def test_it_forgets_once_an_hour_what_has_expired(
    server: FakeFeed, feed: Feed, clock: Clock
) -> None:
    now = time.time()
    expired = {TOKEN_ID: int(now) - 121, "ff" * 16: int(now) - 60}
    server.tell(reset=True, time=now, as_of=now, tokens=expired)
    assert feed.ready(PATIENCE)
    assert feed.status()["tokens"] == 2
    server.wait(2)
    clock.now += 3600
    server.tell(time=now, as_of=now)
    server.wait(3)

    assert feed.status()["tokens"] == 1


def test_to_close_ends_a_question_that_waits(server: FakeFeed, feed: Feed) -> None:
    server.tell(reset=True)
    assert feed.ready(PATIENCE)
    server.wait(2)
    started = time.monotonic()
    feed.close()

    assert time.monotonic() - started < 10  # the question would have waited for twenty
    assert feed.state() == "stale"
    feed.start()
    feed.close()
    assert feed.state() == "stale"


def test_a_feed_can_be_closed_before_it_was_ever_asked(server: FakeFeed) -> None:
    feed = Feed(server.issuer, GUARD)
    feed.close()

    assert feed.state() == "stale"
    assert server.asked == []


def test_many_feeds_can_be_closed_while_they_start(server: FakeFeed) -> None:
    for _ in range(20):
        feed = Feed(server.issuer, GUARD)
        feed.start()
        feed.close()
        assert feed.state() == "stale"
    assert not [each for each in threading.enumerate() if each.name == "gatepass-feed"]


def test_a_feed_of_a_process_that_was_forked_begins_anew(feed: Feed) -> None:
    feeds.reset_after_fork()

    assert feed.status()["lag"] is None


_FORKS = Path(__file__).with_name("forking.py")


def test_parent_and_child_both_follow_after_a_fork(server: FakeFeed) -> None:
    for _ in range(20):
        server.tell(reset=True, tokens={TOKEN_ID: GOOD_UNTIL})
    ran = subprocess.run(
        [sys.executable, str(_FORKS), server.issuer, JTI],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert (ran.returncode, ran.stdout.split()) == (0, ["child:True", "parent:True"]), ran.stderr


@pytest.mark.parametrize(
    ("wait", "limit"), [(0, 30.0), (31, 60.0), (20, 20.0), (20, 5.0), (20, float("nan"))]
)
def test_a_feed_never_starts_with_times_that_cannot_work(wait: int, limit: float) -> None:
    with pytest.raises(ValueError, match="limit"):
        Feed("https://app.example.com", GUARD, wait=wait, limit=limit)


def test_the_guards_secret_goes_to_no_plain_address() -> None:
    with pytest.raises(ValueError, match="https"):
        Feed("http://app.example.com", GUARD)


def test_another_address_can_be_named(server: FakeFeed) -> None:
    url = server.issuer + "/oauth2/revocations"
    server.tell(reset=True)
    with Feed("https://elsewhere.example", GUARD, url=url + "/") as feed:
        assert feed.ready(PATIENCE)


def test_a_feed_has_the_credentials_of_its_guard(
    server: FakeFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPASS_CLIENT_ID", "another")
    monkeypatch.setenv("GATEPASS_CLIENT_SECRET", "another")
    proofs = []
    for own in (None, Credentials("its-own", Secret("x"))):
        server.tell(reset=True)
        with Feed(server.issuer, own) as feed:
            made = Guard(
                server.issuer,
                resource="https://api.example.com",
                client_id="guard",
                client_secret="s3cret",
                revocations=feed,
            )
            with made:
                assert feed.ready(PATIENCE)
        proofs.append(server.proofs[-1])

    assert [basic.read(proof.removeprefix("Basic "))[0] for proof in proofs] == ["guard", "its-own"]


def test_without_any_credentials_a_guard_and_its_feed_say_so(server: FakeFeed) -> None:
    with Feed(server.issuer) as feed:
        with pytest.raises(ValueError, match="client id and secret"):
            Guard(server.issuer, resource="https://api.example.com", revocations=feed)
        feed.start()
        eventually(lambda: feed.status()["problem"])

        assert "client id and secret" in str(feed.status()["problem"])
    assert server.asked == []
