"""The course of protocol, without a network: what is asked next, and what is made of answers."""

from urllib.parse import parse_qs, urlsplit

import pytest

from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.revocation.feed_protocol import FeedError, FeedProtocol, feed_endpoint
from gatepass.wire.flow import Response
from gatepass.wire.secret import Secret
from guard.revocation.feed_server import JTI, NOW, TOKEN_ID, body

URL = "https://app.example.com/oauth2/revocations/"
JSON = {"content-type": "application/json"}
LONG = 20.0  # seconds that an answer took
GUARD = Credentials("guard:1", Secret("s%cret"))


@pytest.fixture
def protocol() -> FeedProtocol:
    return FeedProtocol(URL, 20)


def asked(protocol: FeedProtocol) -> dict[str, list[str]]:
    return parse_qs(urlsplit(protocol.request(GUARD).url).query)


def take(protocol: FeedProtocol, took: float = LONG, **changed: object) -> float:
    """Return the pause after a page."""
    _, pause = protocol.receive(Response(200, JSON, body(**changed)), took)
    return pause


def test_it_begins_without_a_cursor_and_goes_on_with_the_last(protocol: FeedProtocol) -> None:
    assert asked(protocol) == {"wait": ["20"]}
    take(protocol, reset=True, cursor="c7")

    assert asked(protocol) == {"wait": ["20"], "cursor": ["c7"]}


def test_a_question_is_plain_and_its_secret_is_in_the_header_alone(protocol: FeedProtocol) -> None:
    question = protocol.request(GUARD)

    assert (question.method, question.url.partition("?")[0]) == ("GET", URL)
    assert question.headers["authorization"].startswith("Basic ")
    assert question.headers["accept-encoding"] == "identity"
    assert "s%cret" not in repr(question)
    assert question.body == b""


def test_while_there_is_more_nobody_waits(protocol: FeedProtocol) -> None:
    tokens = {TOKEN_ID: int(NOW) + 60}
    assert take(protocol, reset=True, cursor="c1", tokens=tokens, more=True) == 0
    assert asked(protocol) == {"wait": ["0"], "cursor": ["c1"]}
    take(protocol, cursor="c2")

    assert asked(protocol) == {"wait": ["20"], "cursor": ["c2"]}
    assert protocol.revocations.is_revoked(JTI, "acme", NOW)


def test_it_pauses_where_the_feed_would_keep_it_busy(protocol: FeedProtocol) -> None:
    assert take(protocol, reset=True) == 0.2
    assert take(protocol) == 0
    assert take(protocol, took=0.01) == 1
    assert take(protocol, cursor="c2", took=0.01) == 0.2
    assert take(protocol, cursor="c2", keys=["kid"]) == 0.2
    assert take(protocol, cursor="c3", more=True) == 0.2


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (301, "try again later"),
        (400, "try again later"),
        (401, "client id and secret"),
        (403, "scope introspection"),
        (404, "no revocation feed"),
        (500, "try again later"),
    ],
)
def test_another_status_tells_nothing(protocol: FeedProtocol, status: int, why: str) -> None:
    with pytest.raises(FeedError, match=f"{status}: .*{why}"):
        protocol.receive(Response(status, JSON, body(reset=True)), LONG)


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 0), ("5", 5), ("3600", 30), ("soon", 0), ("-1", 0), ("\u0663", 0)]
)
def test_it_waits_as_long_as_it_is_told_to_within_reason(
    protocol: FeedProtocol, text: str, seconds: float
) -> None:
    with pytest.raises(FeedError) as refused:
        protocol.receive(Response(503, {"retry-after": text}, b""), LONG)

    assert refused.value.retry_after == seconds


@pytest.mark.parametrize(
    ("media_type", "content"),
    [("text/html", b"<html>"), ("", body(reset=True)), ("application/json", b"<html>")],
)
def test_what_is_no_page_tells_nothing(
    protocol: FeedProtocol, media_type: str, content: bytes
) -> None:
    with pytest.raises(FeedError):
        protocol.receive(Response(200, {"content-type": media_type}, content), LONG)


def test_a_cursor_that_is_refused_is_let_go(protocol: FeedProtocol) -> None:
    take(protocol, reset=True)
    with pytest.raises(FeedError, match="its own cursor"):
        protocol.receive(Response(400, JSON, b"{}"), LONG)

    assert asked(protocol) == {"wait": ["20"]}


def test_a_feed_that_does_not_begin_with_a_snapshot_is_not_believed(
    protocol: FeedProtocol,
) -> None:
    with pytest.raises(FeedError, match="snapshot"):
        take(protocol, keys=["kid"])

    assert not protocol.revocations.is_revoked(None, "acme", NOW, "kid")


@pytest.mark.parametrize("circle", [["c1"], ["c2", "c1"], ["c2", "c3", "c2"]])
def test_a_feed_that_goes_round_in_circles_is_left(
    protocol: FeedProtocol, circle: list[str]
) -> None:
    take(protocol, reset=True, more=True, cursor="c1")
    *way, last = circle
    for cursor in way:
        take(protocol, more=True, cursor=cursor)
    with pytest.raises(FeedError, match="repeats a cursor"):
        take(protocol, more=True, cursor=last)

    assert asked(protocol) == {"wait": ["20"]}


def test_a_feed_without_end_is_left(protocol: FeedProtocol) -> None:
    def read_on() -> None:
        for number in range(20_000):
            take(protocol, reset=number == 0, more=True, cursor=f"c{number}")

    with pytest.raises(FeedError, match="repeats a cursor"):
        read_on()


def test_a_feed_that_tells_too_much_is_left(protocol: FeedProtocol) -> None:
    with pytest.raises(FeedError, match="more than a guard keeps"):
        take(protocol, reset=True, keys=[f"kid{number}" for number in range(10_001)])

    assert asked(protocol) == {"wait": ["20"]}


def test_the_feed_is_beside_the_issuers_other_endpoints() -> None:
    assert feed_endpoint("https://app.example.com") == URL
    with pytest.raises(ValueError, match="https"):
        feed_endpoint("http://app.example.com")
