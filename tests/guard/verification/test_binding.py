"""What a guard remembers and checks of DPoP proofs, without a framework (RFC 9449)."""

import asyncio
import logging
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gatepass.concurrency.used_digests import FullError, UsedDigests
from gatepass.guard import Denied, DPoP, Guard, ProcessReplays, RedisReplays, Request
from gatepass.guard.model.error_response import ErrorResponse
from gatepass.guard.model.requirements import NOTHING, Requirements
from gatepass.guard.testing import DPoPKey, FakeIssuer
from gatepass.jose.dpop_nonces import Nonces
from gatepass.wire.errors import OAuthError

URL = "https://api.example.com/meters"


class Redis:
    """As much of redis.Redis as is used; it fails while it is `away`."""

    def __init__(self) -> None:
        self.keys: dict[str, int] = {}
        self.away = False
        self.asked = 0

    def set(self, name: str, _value: bytes, *, nx: bool, ex: int) -> bool | None:
        self.asked += 1
        if self.away:
            raise ConnectionError
        if nx and name in self.keys:
            return None
        self.keys[name] = ex
        return True


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made:
        yield made


@pytest.fixture(scope="module")
def key(issuer: FakeIssuer) -> DPoPKey:
    return issuer.dpop_key()


def request(token: str, *proofs: str, scheme: str = "DPoP", **more: Any) -> Request:  # noqa: ANN401 - any field
    return Request((f"{scheme} {token}",), dpop=proofs, **{"url": URL, **more})


def jkt(guard: Guard, sent: Request) -> str | None:
    """Return the key that the token of an accepted request is bound to."""
    confirmation = guard.identify(sent).confirmation
    return None if confirmation is None else confirmation.jkt


def refusal(guard: Guard, sent: Request, requirements: Requirements = NOTHING) -> ErrorResponse:
    with pytest.raises(Denied) as caught:
        guard.identify(sent, requirements)
    return caught.value.error_response


@pytest.mark.parametrize("kind", ["mint", "opaque"])
@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP  "])
def test_the_principal_names_the_key(
    issuer: FakeIssuer, key: DPoPKey, kind: str, scheme: str
) -> None:
    token, guard = getattr(issuer, kind)(cnf=key.cnf), issuer.guard()

    for _ in range(2):
        caller = guard.identify(request(token, key.proof("GET", URL, token), scheme=scheme))

    assert caller.confirmation is not None
    assert (caller.confirmation.jkt, caller.confirmation.x5t_s256) == (key.jkt, None)


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"])
def test_a_key_of_each_algorithm_proves(issuer: FakeIssuer, alg: str) -> None:
    of_alg, guard = issuer.dpop_key(alg), issuer.guard()
    token = issuer.mint(cnf=of_alg.cnf)

    assert jkt(guard, request(token, of_alg.proof("GET", URL, token))) == of_alg.jkt


def test_a_refused_request_does_not_use_up_its_proof(issuer: FakeIssuer, key: DPoPKey) -> None:
    token, guard = issuer.mint(cnf=key.cnf), issuer.guard()
    sent = request(token, key.proof("GET", URL, token))

    assert refusal(guard, sent, Requirements.of("admin")).status == 403
    assert jkt(guard, sent) == key.jkt
    assert refusal(guard, sent).reason == "dpop_replay"


def test_a_proof_whose_key_is_known_is_verified_like_the_first(
    issuer: FakeIssuer, key: DPoPKey
) -> None:
    token, guard = issuer.mint(cnf=key.cnf), issuer.guard()
    first, second = (key.proof("GET", URL, token) for _ in range(2))
    swapped = first.rpartition(".")[0] + "." + second.rpartition(".")[2]
    guard.identify(request(token, first))

    assert refusal(guard, request(token, swapped)).reason == "dpop_signature"
    assert jkt(guard, request(token, second)) == key.jkt


@pytest.mark.parametrize("cnf", [None, {}, [], "", {"jkt": ""}, {"jkt": 1}, {"x5t#S256": "a"}])
def test_a_token_bound_to_what_is_not_understood_is_refused(
    issuer: FakeIssuer, cnf: object
) -> None:
    token = issuer.mint() if cnf is None else issuer.mint(cnf=cnf)
    guard = issuer.guard(lenient=True)

    sent = request(token, scheme="Bearer")

    assert cnf is None or refusal(guard, sent).reason == "invalid_token"
    assert cnf is not None or jkt(guard, sent) is None


def test_a_token_bound_to_a_certificate_is_refused_without_one(issuer: FakeIssuer) -> None:
    token = issuer.mint(cnf={"x5t#S256": "a" * 43})
    guard = issuer.guard()

    for _ in range(2):
        assert refusal(guard, request(token, scheme="Bearer")).reason == "certificate"


def test_processes_with_one_redis_share_what_was_used(issuer: FakeIssuer, key: DPoPKey) -> None:
    redis: Any = Redis()
    first, second = (issuer.guard(dpop=DPoP(replays=RedisReplays(redis))) for _ in range(2))
    token = issuer.mint(cnf=key.cnf)
    sent = request(token, key.proof("GET", URL, token))

    assert jkt(first, sent) == key.jkt
    assert refusal(second, sent).reason == "dpop_replay"
    assert refusal(first, sent).reason == "dpop_replay"
    assert [60 < each <= 121 for each in redis.keys.values()] == [True]  # clocks differ


def test_an_event_loop_shares_it_too(issuer: FakeIssuer, key: DPoPKey) -> None:
    redis: Any = Redis()
    guard = issuer.guard(dpop=DPoP(replays=RedisReplays(redis)))
    token = issuer.mint(cnf=key.cnf)
    sent = request(token, key.proof("GET", URL, token))

    assert asyncio.run(guard.aidentify(sent)).confirmation is not None
    with pytest.raises(Denied):
        asyncio.run(guard.aidentify(sent))


def test_a_redis_of_asyncio_is_a_mistake(issuer: FakeIssuer, key: DPoPKey) -> None:
    class Asynchronous(Redis):
        async def set(self, *_: object, **__: object) -> None:  # type: ignore[override]
            raise AssertionError

    guard = issuer.guard(dpop=DPoP(replays=RedisReplays(Asynchronous())))
    token = issuer.mint(cnf=key.cnf)

    with pytest.raises(TypeError, match=r"not one of redis\.asyncio"):
        guard.identify(request(token, key.proof("GET", URL, token)))


@pytest.mark.parametrize(("strict", "asked"), [(False, 2), (True, 4)])
def test_a_redis_that_is_away_does_not_hold_up_each_request(*, strict: bool, asked: int) -> None:
    redis: Any = Redis()
    redis.away, times = True, iter([0.0, 9.0, 9.5, 9.9, 10.0, 10.0] if not strict else [0.0] * 9)
    replays = RedisReplays(redis, strict=strict, monotonic=lambda: next(times))

    for digest in (b"a", b"b", b"c", b"d"):
        if strict:
            with pytest.raises(OAuthError):
                replays.add(digest * 16, 160.0, 100.0)
        else:
            assert replays.add(digest * 16, 160.0, 100.0)
    assert redis.asked == asked


@pytest.mark.parametrize("strict", [True, False])
def test_while_redis_is_away_a_process_remembers_alone_or_refuses(
    issuer: FakeIssuer, key: DPoPKey, caplog: pytest.LogCaptureFixture, *, strict: bool
) -> None:
    redis: Any = Redis()
    redis.away = True
    guard = issuer.guard(dpop=DPoP(replays=RedisReplays(redis, strict=strict)))
    token = issuer.mint(cnf=key.cnf)
    sent = request(token, key.proof("GET", URL, token))

    with caplog.at_level(logging.WARNING):
        if strict:
            assert refusal(guard, sent).status == 503
        else:
            assert jkt(guard, sent) == key.jkt
            assert refusal(guard, sent).reason == "dpop_replay"
    assert "cannot be noted in Redis" in caplog.text
    assert token not in caplog.text


def test_a_full_memory_refuses_what_it_could_not_remember() -> None:
    used = UsedDigests(2)
    first, second, third = (bytes([number]) * 16 for number in range(3))

    assert used.add(first, 60, 0)
    assert used.add(second, 200, 0)
    with pytest.raises(FullError):
        used.add(third, 60, 0)
    assert not used.add(first, 60, 0)
    assert used.add(third, 200, 121)
    assert not used.add(second, 200, 121)
    assert len(used) == 2


def test_a_guard_with_a_full_memory_answers_503(issuer: FakeIssuer, key: DPoPKey) -> None:
    guard = issuer.guard(dpop=DPoP(replays=ProcessReplays(1)))
    token = issuer.mint(cnf=key.cnf)
    guard.identify(request(token, key.proof("GET", URL, token)))

    assert refusal(guard, request(token, key.proof("GET", URL, token))).status == 503


def test_nonces_of_one_key_are_the_same_everywhere_and_last_two_periods() -> None:
    first, second = Nonces(b"k" * 16, 100), Nonces(b"k" * 16, 100)
    other = Nonces(b"o" * 16, 100)
    nonce = first.current(1_000)

    assert nonce == second.current(1_099)
    assert nonce in second.valid(1_199)
    assert nonce not in second.valid(1_200)
    assert nonce not in second.valid(999)
    assert nonce not in other.valid(1_000)
    assert "kkk" not in repr(first)


@pytest.mark.spec("RFC 9449", "9")
def test_nonces_may_depend_on_the_request(issuer: FakeIssuer, key: DPoPKey) -> None:
    keys = [Nonces(each * 16) for each in (b"a", b"b", b"c")]
    of_context = {"none": (), "one": (keys[0],), "rotating": (keys[1], keys[0])}
    guard = issuer.guard(dpop=DPoP(nonces=lambda context: of_context[context], is_offered=False))
    token, now = issuer.mint(cnf=key.cnf), issuer.clock()

    def refused(context: str, nonce: str | None) -> str:
        """Return the nonce that a refusal gives out, "" for a request that passes."""
        proof = key.proof("GET", URL, token, nonce=nonce)
        sent = request(token, proof, context=context)
        try:
            guard.identify(sent)
        except Denied as denied:
            return dict(denied.error_response.headers)["DPoP-Nonce"]
        return ""

    first, second, other = (each.current(now) for each in keys)
    assert [refused("none", each) for each in (None, "a")] == ["", ""]
    assert [refused("one", each) for each in (None, first, second)] == [first, "", first]
    tried = (None, first, second, other)
    assert [refused("rotating", each) for each in tried] == [second, "", "", second]
    assert "DPoP" not in dict(refusal(guard, Request()).headers)["WWW-Authenticate"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_age": 0},
        {"max_age": 301},
        {"nonce_key": b"short"},
        {"nonce_key": ""},
        {"nonce_key": b"a key of the tests", "nonces": tuple},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"1 to 300|16 bytes|not from both"):
        DPoP(**wrong)


@pytest.mark.parametrize("url", ["api.example.com", "https://a@b", "https://a/?q", "ftp://a"])
def test_a_base_url_that_is_no_address_is_refused(issuer: FakeIssuer, url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        issuer.guard(base_url=url)


def test_settings_show_no_key() -> None:
    assert "a secret of the tests" not in repr(DPoP(nonce_key="a secret of the tests"))


@pytest.mark.spec("RFC 9728", "2")
def test_the_metadata_says_how_tokens_are_bound(issuer: FakeIssuer) -> None:
    offered = issuer.guard(dpop=DPoP()).metadata()
    required = issuer.guard(dpop=DPoP(), require_bound_tokens=True).metadata()

    assert "dpop_signing_alg_values_supported" not in issuer.guard().metadata()
    assert "ES256" in offered["dpop_signing_alg_values_supported"]  # type: ignore[operator]
    assert required["dpop_bound_access_tokens_required"] is True


@pytest.mark.parametrize("kty", ["EC", "OKP", "RSA"])
def test_a_proof_by_another_library_is_accepted(issuer: FakeIssuer, kty: str) -> None:
    """It names its key as its library writes it: with `kid`, `use` and the like."""
    made: ECKey | OKPKey | RSAKey
    if kty == "EC":
        made, alg = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}), "ES256"
    elif kty == "OKP":
        made, alg = OKPKey.generate_key("Ed25519", {"kid": "one"}), "Ed25519"
    else:
        made, alg = RSAKey.generate_key(2048, {"key_ops": ["verify"]}), "PS256"
    public = made.as_dict(private=False)
    token = issuer.mint(cnf={"jkt": made.thumbprint()})
    ath = urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()
    claims = {"jti": "1", "htm": "GET", "htu": URL, "iat": issuer.clock(), "ath": ath}
    signing = type(made).import_key({**made.as_dict(private=True), "key_ops": ["sign"]})
    header = {"typ": "dpop+jwt", "alg": alg, "jwk": public}
    proof = jwt.encode(header, claims, signing, algorithms=[alg])

    assert jkt(issuer.guard(), request(token, proof)) == made.thumbprint()


@pytest.mark.spec("RFC 9449", "7.1")
@pytest.mark.parametrize(("is_required", "scheme"), [(False, "Bearer"), (True, "DPoP")])
def test_a_request_without_a_token_is_told_the_scheme_to_send_it_with(
    issuer: FakeIssuer, scheme: str, *, is_required: bool
) -> None:
    guard = issuer.guard(dpop=DPoP(), require_bound_tokens=is_required)

    with pytest.raises(Denied) as caught:
        guard.identify(Request())
    response = caught.value.error_response
    assert f"sent as Authorization: {scheme}" in response.detail
    assert response.headers["WWW-Authenticate"].startswith(f"{scheme} ")
