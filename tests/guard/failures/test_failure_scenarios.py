"""The guard when things go wrong: issuer away, slow or changed, clocks that differ, revocations."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gatepass.guard import Denied, ErrorResponse, Guard, Request, Requirements
from gatepass.guard.verification.jwt_cache import JwtCache, VerifiedToken
from guard.fake_network import HOUR, START, Setup, bearer_request
from guard.http_server import unused_address
from guard.tokens import API, Issuer, header

READ = Requirements.of("read")
NOBODY = {"client_id": None, "client_secret": None}


@pytest.fixture(autouse=True)
def _without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEPASS_CLIENT_ID", raising=False)


def error_of(guard: Guard, request: Request, requirements: Requirements = READ) -> ErrorResponse:
    with pytest.raises(Denied) as denied:
        guard.identify(request, requirements)
    return denied.value.error_response


def passes(guard: Guard, token: str) -> bool:
    try:
        return guard.identify(bearer_request(token), READ).client_id == "acme-billing"
    except Denied:
        return False


def landed(setup: Setup, fetches: int) -> None:
    """Wait for a fetch that goes on behind."""
    deadline = time.monotonic() + 30
    while setup.server.key_fetches < fetches:
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.spec("ASVS", "16.5.2")
def test_a_server_that_was_never_there_lets_nobody_through(setup: Setup) -> None:
    guard = Guard(unused_address(), resource=API, clock=setup.clock)

    with guard:
        found = error_of(guard, bearer_request(setup.jwt()))

        assert (found.status, found.headers["Retry-After"]) == (503, "1")
        assert "WWW-Authenticate" not in found.headers
        assert not guard.status().is_healthy


@pytest.mark.parametrize("name", ["jwks_uri", "introspection_endpoint"])
def test_metadata_without_the_address_lets_nobody_through_and_says_what_to_do(
    setup: Setup, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    guard = setup.guard()
    setup.server.metadata = {name: ""}
    token = setup.jwt() if name == "jwks_uri" else "opaque"

    assert error_of(guard, bearer_request(token)).status == 503
    assert f"names no {name}: pass it to the guard" in caplog.text


def test_metadata_that_cannot_be_read_is_not_asked_for_again_at_once(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    guard = setup.guard()
    setup.server.metadata = {"issuer": "https://other.example.com"}
    setup.server.knows("opaque", exp=int(START) + HOUR)
    assert error_of(guard, bearer_request("opaque")).status == 503
    setup.server.metadata = {}

    assert error_of(guard, bearer_request("opaque")).status == 503
    assert caplog.text.count("metadata is another issuer's") == 2
    setup.clock.now += 1
    assert passes(guard, "opaque")


def test_a_server_that_comes_back_is_asked_again_after_the_cooldown(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt()
    setup.server.is_away = True
    assert [error_of(guard, bearer_request(token)).status for _ in range(3)] == [503] * 3
    assert setup.server.key_fetches == 1
    setup.server.is_away = False

    setup.clock.now += 10

    assert passes(guard, token)


def test_while_the_server_is_away_old_keys_count_for_an_hour(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    guard, token = setup.guard(), setup.jwt(exp=int(START) + 3 * HOUR)
    assert passes(guard, token)
    setup.server.is_away = True

    for seconds in (301, 1800, 3599):
        setup.clock.now = START + seconds
        assert passes(guard, token)
        assert passes(guard, setup.jwt())
    status = guard.status()
    setup.clock.now = START + 3600

    assert error_of(guard, bearer_request(token)).status == 503
    assert status.keys is not None
    assert (status.is_healthy, status.keys.is_fresh, status.keys.age) == (True, False, 3599)
    assert status.keys.error == "the key set answered 502"
    assert "keys cannot be fetched: the key set answered 502" in caplog.text
    setup.clock.now += 10
    setup.server.is_away = False
    assert passes(guard, token)
    assert guard.status().is_healthy


@pytest.mark.parametrize("bad", [b"", b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "AA"}]}'])
def test_a_key_set_that_is_not_to_be_trusted_changes_nothing(setup: Setup, bad: bytes) -> None:
    guard, token = setup.guard(), setup.jwt()
    assert passes(guard, token)
    setup.server.key_set = bad

    setup.clock.now += 301

    assert passes(guard, token)
    assert guard.counters.key_failures == 1


def test_keys_that_are_passed_over_are_told_to_the_log(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="gatepass.guard")
    setup.server.publishes(setup.issuer.jwk("ES256"), {"kty": "unheard-of", "kid": "x"})

    assert passes(setup.guard(), setup.jwt())
    assert "key 2: of a kind that is not accepted" in caplog.text


def test_who_waits_for_a_slow_server_gives_up_and_the_fetch_goes_on(setup: Setup) -> None:
    guard, token = setup.guard(timeout=0.2), setup.jwt()
    slow = Guard(setup.server.issuer, resource=API, clock=setup.clock, timeout=0.05)
    setup.server.hold.clear()

    assert error_of(slow, bearer_request(token)).status == 503
    with pytest.raises(Denied):
        asyncio.run(slow.aidentify(bearer_request(token)))
    setup.server.hold.set()

    slow.close()
    assert passes(guard, token)


def test_young_keys_are_renewed_while_the_old_ones_count(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt()
    assert passes(guard, token)
    setup.server.hold.clear()

    setup.clock.now += 241
    assert passes(guard, token)  # though the fetch hangs
    setup.server.hold.set()
    landed(setup, 2)

    assert passes(guard, token)


def test_invented_keys_cost_one_fetch_in_a_cooldown(setup: Setup) -> None:
    guard = setup.guard()
    assert passes(guard, setup.jwt())
    forged = [setup.jwt("ES256", header("ES256", kid=f"invented-{n}")) for n in range(200)]

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda token: error_of(guard, bearer_request(token)).status, forged))

    assert (found, setup.server.key_fetches) == ({401}, 2)
    setup.clock.now += 10
    error_of(guard, bearer_request(forged[0]))
    error_of(guard, bearer_request(forged[1]))
    assert setup.server.key_fetches == 3
    assert passes(guard, setup.jwt())


def test_a_new_key_is_found_at_once_again_and_again(setup: Setup) -> None:
    guard = setup.guard()
    for number in range(5):
        kid = f"key-{number}"
        setup.publish("ES256", kid=kid)

        assert passes(guard, setup.jwt("ES256", header("ES256", kid=kid)))


def test_with_the_server_away_an_unknown_key_is_not_called_invalid(setup: Setup) -> None:
    guard = setup.guard()
    assert passes(guard, setup.jwt())
    setup.server.is_away = True

    token = setup.jwt("ES256", header("ES256", kid="perhaps-new"))

    assert error_of(guard, bearer_request(token)).status == 503
    assert passes(guard, setup.jwt())


@pytest.mark.parametrize(("control", "bound"), [("", 300), ("max-age=60", 60), ("no-store", 10)])
def test_a_removed_key_counts_no_longer_than_the_keys_live(
    setup: Setup, control: str, bound: float
) -> None:
    setup.server.cache_control = control
    guard, known, unseen = setup.guard(), setup.jwt(), setup.jwt(jti="other")
    assert passes(guard, known)
    setup.publish("RS256")  # and ES256 no longer

    setup.clock.now = START + bound

    assert not passes(guard, known)
    assert not passes(guard, unseen)
    assert passes(guard, setup.jwt("RS256"))


def test_a_key_of_an_old_name_does_not_prove_what_its_forerunner_did(
    setup: Setup, attacker: Issuer
) -> None:
    guard, token = setup.guard(), setup.jwt()
    assert passes(guard, token)
    setup.server.publishes(attacker.jwk("ES256"))  # the same kid

    setup.clock.now += 300

    assert not passes(guard, token)


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_the_servers_clock_may_be_ten_seconds_ahead_but_not_a_minute(
    setup: Setup, claim: str
) -> None:
    guard = setup.guard()
    later: dict[str, Any] = {claim: int(START) + 10}
    much_later: dict[str, Any] = {claim: int(START) + 61}

    assert passes(guard, setup.jwt(**later))
    assert not passes(guard, setup.jwt(**much_later))


def test_the_servers_clock_may_be_ten_seconds_behind_but_not_a_minute(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt(exp=int(START) + 1)
    assert passes(guard, token)
    unseen = setup.jwt(exp=int(START) + 1, jti="other")

    setup.clock.now += 10
    assert passes(guard, token)
    assert passes(guard, unseen)
    setup.clock.now += 51
    assert not passes(guard, token)
    assert not passes(guard, unseen)


def test_a_clock_that_is_set_back_makes_nothing_fresh_again(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt(iat=int(START) - HOUR)
    assert passes(guard, token)

    setup.clock.now -= 100

    assert passes(guard, token)
    assert setup.server.key_fetches == 2


@pytest.mark.parametrize("length", [16_385, 100_000, 5_000_000])
@pytest.mark.parametrize("piece", ["a", "a.a.", "=", "é"])
def test_a_huge_header_is_refused_unread(setup: Setup, length: int, piece: str) -> None:
    guard = setup.guard()

    assert error_of(guard, bearer_request(piece * length)).status == 401
    assert setup.server.key_fetches == setup.server.asked.total() == 0


def test_a_form_that_is_no_jwt_costs_no_fetch(setup: Setup) -> None:
    guard = setup.guard()
    for token in ("..", "a.b.c", "e30.e30.e30", setup.jwt("ES256", {"alg": "ES256"})):
        assert error_of(guard, bearer_request(token)).status == 401

    assert setup.server.key_fetches == 0


def test_only_the_latest_verifications_are_kept(issuer: Issuer) -> None:
    key = issuer.keys.get("ES256-key")
    assert key is not None
    entry = VerifiedToken(issuer.verify(issuer.token("ES256")), frozenset(), key.kid, key, 0, 1)
    kept = JwtCache(size=2)

    for name in (b"a", b"b", b"a", b"c"):
        kept.put(name, entry)

    assert ([name for name in (b"a", b"b", b"c") if name in kept], len(kept)) == ([b"a", b"c"], 2)


def test_a_known_jwt_is_refused_once_it_is_revoked(setup: Setup) -> None:
    guard, token = setup.guard(revocations=setup.feed), setup.jwt()
    assert passes(guard, token)
    assert passes(guard, token)

    setup.feed.revoked.add("token-id")

    assert error_of(guard, bearer_request(token)).status == 401
    assert setup.feed.asked[0] == ("token-id", "acme-billing", int(START), "ES256-key")
    assert not passes(guard, setup.jwt("RS256"))  # one never seen


def test_an_answer_that_is_remembered_is_refused_once_its_token_is_revoked(setup: Setup) -> None:
    guard = setup.guard(revocations=setup.feed)
    setup.server.knows("opaque", exp=int(START) + HOUR)
    assert passes(guard, "opaque")

    setup.feed.revoked.add("token-id")

    assert not passes(guard, "opaque")
    assert setup.feed.asked[0][-1] is None
    assert setup.server.asked["opaque"] == 1


def test_while_the_feed_is_silent_jwts_are_asked_about(setup: Setup) -> None:
    guard, token = setup.guard(revocations=setup.feed), setup.jwt()
    assert passes(guard, token)
    setup.feed.feed_state = "stale"

    assert not passes(guard, token)  # the issuer does not say that it is active
    setup.clock.now += 5
    setup.server.knows(token, exp=int(START) + HOUR)
    assert passes(guard, token)
    assert not guard.status().is_healthy
    setup.feed.feed_state = "fresh"
    setup.server.forget()

    assert passes(guard, token)
    assert setup.server.asked.total() == 0
    assert guard.status().feed == ("fresh", 5.0)


@pytest.mark.parametrize(
    ("on_stale", "options", "status"),
    [("allow", {}, 200), ("refuse", {}, 503), ("introspect", NOBODY, 503)],
)
def test_while_the_feed_is_silent_the_guard_does_as_it_is_told(
    setup: Setup, on_stale: str, options: dict[str, object], status: int
) -> None:
    guard = setup.guard(revocations=setup.feed, on_stale_feed=on_stale, **options)
    token = setup.jwt()
    assert passes(guard, token)
    setup.feed.feed_state = "stale"

    if status == 200:
        assert passes(guard, token)
        setup.feed.revoked.add("token-id")
        assert not passes(guard, token)  # what is known still counts
    else:
        assert error_of(guard, bearer_request(token)).status == status
