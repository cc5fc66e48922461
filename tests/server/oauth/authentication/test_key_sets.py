"""Keys that an application publishes: how often they are fetched, and what a bad address does."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.configuration.single_sign_on_settings import SingleSignOnSettings
from gatepass.server.domain.applications.keys import operations
from gatepass.server.domain.applications.keys.model import KeySetting
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.environment.openid_provider.errors import ProviderAwayError
from gatepass.server.environment.openid_provider.network import Response
from gatepass.server.oauth.authentication.key_sets import FRESH, LONGEST_PAUSE, PAUSE, KeySets
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import TOKEN
from server.assertions import KeyClient, with_key
from server.fixtures import GRANT, InProcessServer

URI = "https://keys.example.com/jwks.json"
KEYS = [PrivateKey.generate("ES256") for _ in range(2)]


def document(*keys: PrivateKey) -> bytes:
    return json.dumps({"keys": [each.public_jwk() for each in keys]}).encode()


class Publisher:
    """The other end: what it answers, and how often it was asked."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.answer: Callable[[], Response] = lambda: Response(status, "application/json", body)
        self.asked = 0

    def get(self, uri: str) -> Response:
        assert uri == URI
        self.asked += 1
        return self.answer()


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def key_sets(publisher: Publisher, time: Time) -> KeySets:
    return KeySets("production", SingleSignOnSettings(), publisher.get, time)


def fetch(sets: KeySets, kid: str) -> list[str]:
    """Do what an assertion signed with this key needs; return the keys that are known then."""
    pending = sets.pending(URI, kid)
    if pending:
        pending.work()
    return [each.key.kid for each in sets.keys(URI)]


def test_a_set_is_fetched_once_and_again_when_it_is_old() -> None:
    publisher, time = Publisher(document(KEYS[0])), Time()
    sets = key_sets(publisher, time)

    for _ in range(5):
        assert fetch(sets, KEYS[0].kid) == [KEYS[0].kid]
    before = publisher.asked
    time.now += FRESH
    fetch(sets, KEYS[0].kid)

    assert (before, publisher.asked) == (1, 2)


def test_an_unknown_kid_fetches_again_but_not_often() -> None:
    publisher, time = Publisher(document(KEYS[0])), Time()
    sets = key_sets(publisher, time)
    fetch(sets, KEYS[0].kid)
    publisher.answer = Publisher(document(*KEYS)).answer

    for _ in range(5):
        fetch(sets, KEYS[1].kid)
    before = publisher.asked
    time.now += PAUSE

    assert fetch(sets, KEYS[1].kid) == [each.kid for each in KEYS]
    assert (before, publisher.asked) == (1, 2)


def refuse() -> Response:
    raise ProviderAwayError("keys.example.com did not answer in time")


BAD: dict[str, Callable[[], Response]] = {
    "away": refuse,
    "a redirect": Publisher(b"", 302).answer,
    "an error": Publisher(b"", 500).answer,
    "no JSON": Publisher(b"<html>").answer,
    "no keys": Publisher(b'{"keys": []}').answer,
    "a private key": Publisher(json.dumps({"keys": [KEYS[0].private_jwk()]}).encode()).answer,
    "too long": Publisher(b" " * 70_000 + document(KEYS[0])).answer,
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD.keys())
def test_a_bad_answer_leaves_the_old_keys_and_is_not_asked_again_at_once(
    answer: Callable[[], Response],
) -> None:
    publisher, time = Publisher(document(KEYS[0])), Time()
    sets = key_sets(publisher, time)
    fetch(sets, KEYS[0].kid)
    publisher.answer = answer
    time.now += FRESH

    for _ in range(5):
        assert fetch(sets, KEYS[0].kid) == [KEYS[0].kid]
    time.now += 24 * 3600

    assert fetch(sets, KEYS[0].kid) == []
    assert publisher.asked == 3


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD.keys())
def test_an_address_that_never_answered_well_has_no_keys(answer: Callable[[], Response]) -> None:
    publisher, time = Publisher(b""), Time()
    publisher.answer = answer
    sets = key_sets(publisher, time)

    for _ in range(5):
        assert fetch(sets, "any") == []
    assert publisher.asked == 1


def test_an_address_that_fails_again_and_again_is_asked_more_seldom() -> None:
    publisher, time = Publisher(b""), Time()
    publisher.answer = refuse
    sets = key_sets(publisher, time)
    fetch(sets, "any")
    start, asked_at = time.now, [0.0]
    while len(asked_at) < 7:
        time.now += PAUSE
        fetch(sets, "any")
        if publisher.asked > len(asked_at):
            asked_at.append(time.now - start)
    publisher.answer = Publisher(document(KEYS[0])).answer
    time.now += LONGEST_PAUSE

    apart = [(after - before) / PAUSE for before, after in pairwise(asked_at)]
    assert apart == [1, 2, 4, 8, 10, 10]
    assert fetch(sets, KEYS[0].kid) == [KEYS[0].kid]


class Slow(Publisher):
    """Answers when the test says so."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def get(self, uri: str) -> Response:
        self.is_asked.set()
        assert self.may_answer.wait(30)
        return super().get(uri)


def test_who_comes_while_a_set_is_fetched_for_the_first_time_waits_for_it() -> None:
    publisher = Slow(document(KEYS[0]))
    sets = key_sets(publisher, Time())
    with ThreadPoolExecutor(5) as threads:
        first = threads.submit(fetch, sets, KEYS[0].kid)
        assert publisher.is_asked.wait(30)
        pending = [sets.pending(URI, KEYS[0].kid) for _ in range(4)]
        waiting = [threads.submit(each.work) for each in pending if each]
        publisher.may_answer.set()
        assert first.result() == [KEYS[0].kid]
        for each in waiting:
            each.result()

    assert len(waiting) == 4
    assert publisher.asked == 1


def test_a_known_key_does_not_wait_while_its_old_set_is_fetched_again() -> None:
    publisher, time = Slow(document(KEYS[0])), Time()
    publisher.may_answer.set()
    sets = key_sets(publisher, time)
    fetch(sets, KEYS[0].kid)
    publisher.is_asked.clear()
    publisher.may_answer.clear()
    time.now += FRESH
    with ThreadPoolExecutor(1) as threads:
        again = threads.submit(fetch, sets, KEYS[0].kid)
        assert publisher.is_asked.wait(30)
        known, unknown = sets.pending(URI, KEYS[0].kid), sets.pending(URI, KEYS[1].kid)
        publisher.may_answer.set()
        again.result()

    assert known is None
    assert unknown is not None


def published(server: InProcessServer, publisher: Publisher) -> KeyClient:
    """Register an application whose keys are at its own address alone."""
    environment = server.environment()
    environment.key_sets = key_sets(publisher, Time())
    by = with_key(server)
    app = by.client.application
    [own], _ = operations.of_application(environment.context, app)
    operations.revoke(environment.context, OPERATOR, app.id, own.id, None)
    operations.change_setting(environment.context, OPERATOR, app.id, None, KeySetting(URI))
    return by._replace(key=KEYS[0])


def test_a_client_authenticates_with_a_key_that_it_publishes(
    fresh_server: InProcessServer,
) -> None:
    by = published(fresh_server, Publisher(document(KEYS[0])))

    answers = [
        fresh_server.post(TOKEN, data={"grant_type": "client_credentials", **by.form()})
        for _ in range(2)
    ]

    assert [each.status_code for each in answers] == [200, 200], answers[0].text


def test_an_address_inside_the_operators_network_is_not_connected_to(
    fresh_server: InProcessServer,
) -> None:
    environment = fresh_server.environment()
    by, context = with_key(fresh_server), environment.context
    uri = "https://127.0.0.1:1/jwks.json"
    operations.change_setting(context, OPERATOR, by.client.application.id, None, KeySetting(uri))
    by = by._replace(key=KEYS[0])

    answer = fresh_server.post(TOKEN, data={"grant_type": "client_credentials", **by.form()})

    assert answer.status_code == 401
    assert environment.key_sets.keys(uri) == ()


@pytest.mark.parametrize(
    "uri",
    [
        "http://keys.example.com/",
        "ftp://keys.example.com/",
        "keys.example.com",
        "https://user@keys.example.com/",
        "https://keys.example.com/#a",
        "https://" + "a" * 1000,
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_not_https_is_refused(server: InProcessServer, uri: str) -> None:
    by, context = with_key(server), server.environment().context

    with pytest.raises(OAuthError):
        operations.change_setting(
            context, OPERATOR, by.client.application.id, None, KeySetting(uri)
        )


def test_clients_that_come_together_after_a_start_are_all_served(
    fresh_server: InProcessServer,
) -> None:
    publisher = Slow(document(KEYS[0]))
    by = published(fresh_server, publisher)

    def ask() -> int:
        return fresh_server.post(TOKEN, data=GRANT | by.form()).status_code

    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(ask) for _ in range(4)]
        assert publisher.is_asked.wait(30)
        publisher.may_answer.set()

    assert [each.result() for each in answers] == [200] * 4
    assert publisher.asked == 1
