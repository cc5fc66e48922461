"""Introspection over real HTTP: asked once, remembered briefly, closed when in doubt."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

import pytest

from gatepass.concurrency.single_flight import SingleFlight
from gatepass.guard.issuer.client import LONGEST_RESPONSE, IssuerClient
from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.issuer.discovery import Endpoints
from gatepass.guard.issuer.transport import Sender
from gatepass.guard.model.status import Counters
from gatepass.guard.verification import introspection as room
from gatepass.guard.verification.introspection_request import unavailable
from gatepass.guard.verification.waiting import arun_step
from gatepass.testing import Clock
from gatepass.wire.errors import OAuthError
from gatepass.wire.flow import Request, arun
from gatepass.wire.secret import Secret
from guard.fake_issuer import CLIENT_ID, CLIENT_SECRET, HOUR, FakeAuthorizationServer
from guard.http_server import unused_address

TOKEN = Secret("t0ken")
CREDENTIALS = Credentials(CLIENT_ID, Secret(CLIENT_SECRET))
START = 1_800_000_000.0


class Introspector:
    """An introspection client with its parts, as a guard makes it."""

    def __init__(
        self,
        issuer: str,
        credentials: Credentials,
        timeout: float = room.TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._flights = SingleFlight(16, "test", unavailable)
        self._outside = IssuerClient(issuer, Endpoints(), timeout, clock)
        self._parts = room.IntrospectionClient(
            self._outside,
            self._flights,
            credentials,
            timeout=timeout,
            clock=clock,
            counters=Counters(issuer),
        )

    async def introspect(self, token: Secret) -> Mapping[str, object]:
        return await arun(self._parts.introspect(token), arun_step)

    def close(self) -> None:
        self._flights.close()
        self._outside.close()


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def introspector(server: FakeAuthorizationServer, clock: Clock) -> Iterator[Introspector]:
    with closing(Introspector(server.issuer, CREDENTIALS, clock=clock)) as made:
        yield made


def ask(introspector: Introspector, token: Secret = TOKEN) -> object:
    return asyncio.run(introspector.introspect(token)).get("active")


def refusal(introspector: Introspector, token: Secret = TOKEN) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        asyncio.run(introspector.introspect(token))
    return refused.value


def test_many_who_wait_for_one_token_ask_once(
    server: FakeAuthorizationServer, introspector: Introspector
) -> None:
    server.knows(TOKEN.value, exp=int(START) + HOUR)
    server.hold.clear()

    async def introspect_together() -> list[object]:
        waiting = [asyncio.create_task(introspector.introspect(TOKEN)) for _ in range(50)]
        await asyncio.sleep(0)  # each has asked, or joined the one who did
        server.hold.set()
        return [answer["active"] for answer in await asyncio.gather(*waiting)]

    assert asyncio.run(introspect_together()) == [True] * 50
    assert server.asked[TOKEN.value] == 1


def test_who_gives_up_takes_the_answer_from_nobody(
    server: FakeAuthorizationServer, introspector: Introspector
) -> None:
    server.knows(TOKEN.value)
    server.hold.clear()

    async def one_leaves() -> object:
        others = [Secret(f"other{number}") for number in range(20)]  # so that ours has to queue
        busy = [asyncio.create_task(introspector.introspect(token)) for token in others]
        leaver = asyncio.create_task(introspector.introspect(TOKEN))
        stayer = asyncio.create_task(introspector.introspect(TOKEN))
        await asyncio.sleep(0)
        leaver.cancel()
        await asyncio.wait([leaver])
        server.hold.set()
        await asyncio.gather(*busy)
        return (await stayer)["active"]

    assert asyncio.run(one_leaves()) is True


@pytest.mark.parametrize("known", [True, False])
def test_an_answer_also_a_no_is_remembered_for_five_seconds(
    server: FakeAuthorizationServer, introspector: Introspector, clock: Clock, *, known: bool
) -> None:
    if known:
        server.knows(TOKEN.value, exp=int(START) + HOUR)
    for seconds, times in [(0, 1), (4.9, 1), (5, 2)]:
        clock.now = START + seconds

        assert ask(introspector) is known
        assert server.asked[TOKEN.value] == times


def test_a_revocation_is_known_once_the_answer_is_forgotten(
    server: FakeAuthorizationServer, introspector: Introspector, clock: Clock
) -> None:
    server.knows(TOKEN.value, exp=int(START) + HOUR)
    assert ask(introspector) is True
    server.message(TOKEN.value, {"active": False})
    clock.now += 5

    assert ask(introspector) is False


@pytest.mark.spec("RFC 7662", "4")
def test_an_answer_is_never_remembered_beyond_the_tokens_expiry(
    server: FakeAuthorizationServer, introspector: Introspector, clock: Clock
) -> None:
    server.knows(TOKEN.value, exp=int(START) + 2)
    ask(introspector)
    clock.now = START + 2
    ask(introspector)

    assert server.asked[TOKEN.value] == 2


@pytest.mark.spec("ASVS", "16.5.2")
def test_a_server_that_is_away_lets_nobody_through(clock: Clock) -> None:
    with closing(Introspector(unused_address(), CREDENTIALS, clock=clock)) as introspector:
        assert refusal(introspector).status == 503


def test_a_failure_is_not_remembered(
    server: FakeAuthorizationServer, introspector: Introspector
) -> None:
    server.sends(TOKEN.value, b"", status=500)
    assert refusal(introspector).status == 503
    server.knows(TOKEN.value)

    assert ask(introspector) is True


def test_wrong_credentials_of_the_guard_let_nobody_through(
    server: FakeAuthorizationServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.knows(TOKEN.value)
    wrong = Credentials(CLIENT_ID, Secret("not-it"))

    with closing(Introspector(server.issuer, wrong)) as introspector:
        assert refusal(introspector).status == 503
    assert "check the guard's client id and secret" in caplog.text
    assert "not-it" not in caplog.text


def hangs(server: FakeAuthorizationServer) -> None:
    server.hold.clear()


def drips(server: FakeAuthorizationServer) -> None:
    server.drips(TOKEN.value)


def floods(server: FakeAuthorizationServer) -> None:
    server.sends(TOKEN.value, b'{"active": true}' + b" " * 50 * LONGEST_RESPONSE)


def redirects(server: FakeAuthorizationServer) -> None:
    server.redirects(TOKEN.value)


@pytest.mark.spec("ASVS", "16.5.2")
@pytest.mark.parametrize("misbehaves", [hangs, drips, floods, redirects])
def test_a_server_that_misbehaves_lets_nobody_through(
    server: FakeAuthorizationServer, misbehaves: Callable[[FakeAuthorizationServer], None]
) -> None:
    misbehaves(server)

    with closing(Introspector(server.issuer, CREDENTIALS, timeout=0.3)) as introspector:
        assert refusal(introspector).code == "temporarily_unavailable"


def test_a_question_that_nobody_waits_for_any_longer_is_not_asked(
    server: FakeAuthorizationServer, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Introspector(server.issuer, CREDENTIALS, timeout=0)) as introspector:
        assert refusal(introspector).status == 503

    assert server.asked.total() == 0
    assert "introspection failed" not in caplog.text  # as it would, had it been tried


def test_an_answer_that_never_ends_is_given_up(server: FakeAuthorizationServer) -> None:
    server.drips(TOKEN.value)
    headers = {"authorization": "Basic bWV0ZXJzJTNBYXBpOnRoZS1ndWFyZCUyN3MrJTI2c2VjcmV0JTI1"}
    question = Request("POST", server.issuer + "/oauth2/introspect/", headers, b"token=t0ken")

    with closing(Sender(0.2, LONGEST_RESPONSE)) as sender, pytest.raises(TimeoutError):
        sender.send(question)


def test_an_answer_is_not_read_beyond_its_bound(server: FakeAuthorizationServer) -> None:
    floods(server)
    headers = {"authorization": "Basic bWV0ZXJzJTNBYXBpOnRoZS1ndWFyZCUyN3MrJTI2c2VjcmV0JTI1"}
    question = Request("POST", server.issuer + "/oauth2/introspect/", headers, b"token=t0ken")

    with closing(Sender(5, LONGEST_RESPONSE)) as sender:
        answer = sender.send(question)

    assert LONGEST_RESPONSE < len(answer.body) < 10 * LONGEST_RESPONSE


@pytest.mark.spec("RFC 9700", "4.9.3")
def test_no_token_and_no_secret_is_logged_at_any_level(
    server: FakeAuthorizationServer, introspector: Introspector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.knows(TOKEN.value)
    server.sends("br0ken", b"t0ken")

    ask(introspector)
    refusal(introspector, Secret("br0ken"))

    assert "not application/json" not in caplog.text
    assert "the introspection answer is not valid JSON" in caplog.text
    for hidden in (TOKEN.value, "br0ken", CLIENT_SECRET, "bWV0ZXJz"):
        assert hidden not in caplog.text
