"""Keys that an application publishes: how often they are fetched, and what a bad address does."""

import json
from collections.abc import Callable

import pytest

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.configuration.single_sign_on_settings import SingleSignOnSettings
from gatepass.server.domain.applications.keys import operations
from gatepass.server.domain.applications.keys.model import KeySetting
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.environment.openid_provider.errors import ProviderAwayError
from gatepass.server.environment.openid_provider.network import Response
from gatepass.server.oauth.authentication.key_sets import FRESH, PAUSE, KeySets
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import TOKEN
from server.assertions import KeyClient, with_key
from server.fixtures import InProcessServer

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
