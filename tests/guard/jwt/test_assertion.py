"""X-Auth-Assertion: what a backend behind a gateway believes, and what it does not."""

import pytest

from gatepass.guard import ClaimNames, Expectation, Principal, verify_assertion
from gatepass.guard.jwt.kind import LONGEST_ASSERTION
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope
from guard.tokens import ALGORITHMS, API, EXPECT, ISSUER, NOW, Issuer, claims, header

REQUIRED = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


def assertion(issuer: Issuer, alg: str = "ES256", typ: object = "JWT", **changed: object) -> str:
    body = claims(iat=NOW - 30, exp=NOW + 30, **changed)
    return issuer.token(alg, header(alg, typ=typ), body)


def refusal(
    issuer: Issuer, text: str, expect: Expectation = EXPECT, now: float = NOW
) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        verify_assertion(text, issuer.keys, expect, now)
    assert (refused.value.status, refused.value.code) == (401, "invalid_token")
    return refused.value


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_an_assertion_tells_who_calls(issuer: Issuer, alg: str) -> None:
    assert verify_assertion(assertion(issuer, alg), issuer.keys, EXPECT, NOW) == Principal(
        client_id="acme-billing",
        sub="acme-billing",
        org_id="7c9e6679",
        scope=Scope.parse("read write"),
        expires_at=NOW + 30,
        issued_at=NOW - 30,
        token_id="token-id",
        audience=(API,),
        issuer=ISSUER,
    )


@pytest.mark.spec("RFC 8725", "3.11")
@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "jwt", "", None, 7, ["JWT"]])
def test_what_is_typed_otherwise_is_none(issuer: Issuer, typ: object) -> None:
    assert refusal(issuer, assertion(issuer, typ=typ)).log_detail == "not typed as an assertion"


@pytest.mark.spec("RFC 9068", "2.1")
def test_an_access_token_is_no_assertion_and_an_assertion_no_access_token(issuer: Issuer) -> None:
    refusal(issuer, issuer.token("ES256"))
    with pytest.raises(OAuthError):
        issuer.verify(assertion(issuer))


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "forged", "acme-billing", "é", "a,b"])
def test_what_is_no_jwt_is_none(issuer: Issuer, text: str) -> None:
    refusal(issuer, text)


def test_only_the_issuers_own_signature_counts(issuer: Issuer) -> None:
    stranger = Issuer()
    refusal(issuer, assertion(stranger))
    refusal(issuer, assertion(issuer)[:-4] + "AAAA")
    refusal(issuer, issuer.token("ES256", header("none", typ="JWT"), claims(), signer="ES256"))


def test_claims_that_are_no_object_are_refused(issuer: Issuer) -> None:
    text = issuer.sign(b'{"alg":"ES256","typ":"JWT","kid":"ES256-key"}', b"[]", "ES256")
    assert refusal(issuer, text).log_detail == "the claims are not a JSON object"


@pytest.mark.parametrize("name", REQUIRED)
def test_every_claim_must_be_there(issuer: Issuer, name: str) -> None:
    body = claims()
    del body[name]
    refusal(issuer, issuer.token("ES256", header("ES256", typ="JWT"), body))


def test_issuer_and_audience_are_compared_exactly(issuer: Issuer) -> None:
    refusal(issuer, assertion(issuer, iss=ISSUER + "/"))
    refusal(issuer, assertion(issuer, aud=API + "/"))
    refusal(issuer, assertion(issuer, aud=[]))
    both = assertion(issuer, aud=["https://other.example.com", API])
    assert verify_assertion(both, issuer.keys, EXPECT, NOW).client_id == "acme-billing"


def test_without_a_resource_to_expect_there_is_nothing_to_verify(issuer: Issuer) -> None:
    with pytest.raises(ValueError, match="resource"):
        verify_assertion(assertion(issuer), issuer.keys, Expectation(ISSUER), NOW)


@pytest.mark.parametrize("after", [-40, 0, 39])
def test_it_counts_in_its_time_and_ten_seconds_around(issuer: Issuer, after: int) -> None:
    principal = verify_assertion(assertion(issuer), issuer.keys, EXPECT, NOW + after)
    assert principal.expires_at == NOW + 30


@pytest.mark.parametrize("after", [-41, 40])
def test_it_does_not_count_at_another_time(issuer: Issuer, after: int) -> None:
    refusal(issuer, assertion(issuer), now=NOW + after)


@pytest.mark.parametrize("name", ["sub", "jti", "iat"])
def test_what_is_allowed_to_tokens_of_other_issuers_is_not_to_it(issuer: Issuer, name: str) -> None:
    lax = Expectation(ISSUER, API, claims=ClaimNames(client_id="name"), lenient=True)
    assert verify_assertion(assertion(issuer), issuer.keys, lax, NOW).client_id == "acme-billing"

    body = claims(name="someone-else")
    del body[name]
    refusal(issuer, issuer.token("ES256", header("ES256", typ="JWT"), body), lax)


def test_what_lives_longer_than_an_assertion_is_none(issuer: Issuer) -> None:
    body = claims(iat=NOW, exp=NOW + LONGEST_ASSERTION)
    longest = issuer.token("ES256", header("ES256", typ="JWT"), body)
    assert verify_assertion(longest, issuer.keys, EXPECT, NOW).expires_at == NOW + LONGEST_ASSERTION

    longer = issuer.token(
        "ES256", header("ES256", typ="JWT"), body | {"exp": NOW + LONGEST_ASSERTION + 1}
    )
    assert refusal(issuer, longer).log_detail == "lives longer than an assertion"
