"""The pretended issuer, as an API's own tests use it."""

import json
import logging
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from gatepass.guard import Denied, Guard, Principal, Request, Requirements
from gatepass.guard.revocation.feed import Feed
from gatepass.guard.revocation.interface import Revocations
from gatepass.guard.testing import FakeIssuer
from gatepass.jose.algorithms import ALGORITHMS, Algorithm
from gatepass.wire import basic
from gatepass.wire.secret import Secret
from guard.revocation.feed_server import PATIENCE, eventually

READ = Requirements.of("read")
BAD = ["expired", "wrong_audience", "revoked", "of_another_issuer", "forged", "unsigned"]


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made:
        yield made


def identify(guard: Guard, token: str, requirements: Requirements = READ) -> Principal:
    return guard.identify(Request((f"Bearer {token}",)), requirements)


def status(guard: Guard, token: str, requirements: Requirements = READ) -> int:
    try:
        identify(guard, token, requirements)
    except Denied as denied:
        return denied.error_response.status
    return 200


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_guard_takes_its_tokens(algorithm: Algorithm) -> None:
    with FakeIssuer("https://meters.example.com", algorithm=algorithm) as issuer:
        caller = identify(issuer.guard(), issuer.mint("read write", client_id="a", org_id="o"))

    assert (caller.client_id, caller.org_id, str(caller.scope)) == ("a", "o", "read write")
    assert caller.audience == ("https://meters.example.com",)
    assert caller.issuer == issuer.url


def test_an_algorithm_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="ES256, EdDSA, PS256, RS256"):
        FakeIssuer(algorithm="none")  # type: ignore[arg-type]


def test_a_guard_asks_about_opaque_tokens(issuer: FakeIssuer) -> None:
    guard = issuer.guard(cache_seconds=0)
    token = issuer.opaque("read", environment="sandbox")

    assert identify(guard, token).environment == "sandbox"
    assert status(guard, "unknown") == 401
    issuer.revoke(token)
    assert status(guard, token) == 401


@pytest.mark.parametrize("kind", BAD)
def test_a_guard_refuses_its_bad_tokens_as_it_should(issuer: FakeIssuer, kind: str) -> None:
    assert status(issuer.guard(), getattr(issuer, kind)()) == 401


def test_a_bad_token_is_bad_in_one_way_alone(issuer: FakeIssuer) -> None:
    earlier = issuer.guard(clock=lambda: issuer.clock() - 120)
    other = issuer.guard(resource="https://another-api.example.com")
    blind = issuer.guard(revocations=None)

    assert status(earlier, issuer.expired()) == 200
    assert status(other, issuer.wrong_audience()) == 200
    assert status(blind, issuer.revoked()) == 200


def test_a_scope_that_is_missing_is_forbidden(issuer: FakeIssuer) -> None:
    assert status(issuer.guard(), issuer.mint("write")) == 403


def test_a_claim_is_changed_or_left_out_by_its_name(issuer: FakeIssuer) -> None:
    guard = issuer.guard()

    assert identify(guard, issuer.mint(sub="someone")).sub == "someone"
    assert status(guard, issuer.mint(jti=None)) == 401


def test_time_goes_on_when_it_is_told_to(issuer: FakeIssuer) -> None:
    guard, token, opaque = issuer.guard(), issuer.mint(expires_in=300), issuer.opaque()
    assert status(guard, token) == 200
    issuer.clock.advance(311)
    assert status(guard, token) == 401
    assert status(guard, opaque) == 200
    issuer.clock.advance(3600)
    assert status(guard, opaque) == 401
    issuer.clock.advance(-3911)
    assert status(guard, token) == 200


def test_a_revocation_is_known_at_once(issuer: FakeIssuer) -> None:
    guard, token = issuer.guard(), issuer.mint()
    assert status(guard, token) == 200
    issuer.revoke(token)

    assert status(guard, token) == 401
    assert status(guard, issuer.mint()) == 200


def test_a_token_of_somebody_else_is_not_revoked_here(issuer: FakeIssuer) -> None:
    with pytest.raises(KeyError):
        issuer.revoke(issuer.forged())


def test_the_feed_over_http_tells_what_was_and_what_is_revoked(issuer: FakeIssuer) -> None:
    before, after, good = issuer.revoked(), issuer.mint(), issuer.mint()
    with closing(issuer.feed()) as feed:
        followed: Revocations = feed
        guard = issuer.guard(revocations=followed)
        assert feed.ready(PATIENCE)
        assert [status(guard, token) for token in (before, after, good)] == [401, 200, 200]
        issuer.revoke(after)
        eventually(lambda: status(guard, after) == 401)

        assert status(guard, good) == 200
        received = guard.status().feed
        assert received is not None
        assert received.state == "fresh"
        assert received.lag is not None


def test_a_feed_has_its_credentials_from_the_environment(
    issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Feed(issuer.url)) as without:
        without.start()
        eventually(lambda: "GATEPASS_CLIENT_ID" in str(without.status()["problem"]))
    for name, value in issuer.environ.items():
        monkeypatch.setenv(name, value)

    with closing(Feed(issuer.url)) as feed:
        assert feed.ready(PATIENCE)


def test_the_first_token_that_is_asked_about_starts_the_feed(issuer: FakeIssuer) -> None:
    with closing(issuer.feed()) as feed:
        guard, token = issuer.guard(revocations=feed), issuer.opaque()
        assert status(guard, token) == 200
        eventually(lambda: feed.lag() is not None)  # which does not start it


def test_a_feed_that_knows_nothing_yet_has_no_lag(issuer: FakeIssuer) -> None:
    with closing(issuer.feed()) as feed:
        assert feed.lag() is None


def test_a_silent_feed_has_the_guard_ask(issuer: FakeIssuer) -> None:
    guard, token = issuer.guard(), issuer.mint()
    issuer.feed_state = "stale"

    assert (status(guard, token), issuer.feed_state) == (200, "stale")
    assert guard.status().feed == ("stale", None)
    assert not guard.status().is_healthy
    assert status(issuer.guard(on_stale_feed="refuse"), token) == 503


def test_an_issuer_that_is_away_cannot_be_asked(issuer: FakeIssuer) -> None:
    guard = issuer.guard()
    issuer.is_away = True
    assert (status(guard, issuer.opaque()), issuer.is_away) == (503, True)
    issuer.is_away = False
    issuer.clock.advance(2)

    assert status(guard, issuer.opaque()) == 200


@pytest.mark.parametrize(
    ("path", "secret", "expected"),
    [
        ("/oauth2/introspect/", "wrong", 401),
        ("/oauth2/revocations/", "wrong", 401),
        ("/elsewhere", "", 404),
    ],
)
def test_it_answers_a_guard_alone_and_only_what_it_should(
    issuer: FakeIssuer, path: str, secret: str, expected: int
) -> None:
    authorization = basic.write(issuer.client_id, Secret(secret or issuer.client_secret))
    asked = urllib.request.Request(issuer.url + path, headers={"Authorization": authorization})
    with pytest.raises(HTTPError) as error:
        urlopen(asked, b"token=x" if "introspect" in path else None)

    with error.value as answer:
        assert (answer.code, set(json.load(answer))) == (expected, {"error"})


def test_the_log_has_no_token(issuer: FakeIssuer, caplog: pytest.LogCaptureFixture) -> None:
    token = issuer.revoked()
    with caplog.at_level(logging.DEBUG):
        assert status(issuer.guard(), token) == 401

    assert caplog.records
    assert token not in caplog.text


def test_pytest_has_it_as_a_fixture(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from gatepass.guard import Request

        def test_api(fake_issuer):
            caller = fake_issuer.guard().identify(Request([f"Bearer {fake_issuer.mint()}"]))
            assert caller.client_id == "test-application"
        """
    )

    ran = pytester.runpytest_inprocess()

    ran.assert_outcomes(passed=1)


def test_pytest_finds_the_fixture_by_itself(pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_subprocess("--fixtures", "-p", "no:cacheprovider")

    assert "fake_issuer" in ran.stdout.str()


def test_the_plugin_loads_nothing_until_it_is_asked(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_of_ours_is_there():
            assert "gatepass.guard.testing.issuer" not in sys.modules
            assert "cryptography" not in sys.modules
            assert "gatepass.guard.core.guard" not in sys.modules
        """
    )

    ran = pytester.runpytest_subprocess()

    ran.assert_outcomes(passed=1)


@pytest.mark.parametrize("left_out", ["exp", "jti", "iat"])
def test_a_token_may_lack_any_claim(left_out: str) -> None:
    with FakeIssuer() as issuer:
        guard = issuer.guard(lenient=True)
        without: dict[str, Any] = {left_out: None}
        opaque = issuer.opaque(**without)

        assert status(guard, opaque) == 200
        assert status(issuer.guard(), issuer.mint(**without)) == 401
        issuer.revoke(opaque)
        assert status(issuer.guard(lenient=True), opaque) == 401
        with issuer.feed() as feed:
            assert feed.ready(PATIENCE)
