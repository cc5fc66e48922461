"""Who calls, read with suspicion from an introspection answer."""

import pickle
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.guard.model.claim_names import OURS
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal, claims_of
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

ISSUER = "https://app.example.com"
API = "https://api.example.com"
NOW = 1_800_000_000
GOOD: dict[str, object] = {
    "active": True,
    "client_id": "acme-billing",
    "sub": "service-7",
    "org_id": "7c9e6679",
    "scope": "read write",
    "iss": ISSUER,
    "aud": [API, "https://other.example.com"],
    "iat": NOW - 10,
    "nbf": NOW - 10,
    "exp": NOW + 10,
    "jti": "token-id",
    "token_type": "Bearer",
}
EXPECT = Expectation(ISSUER, API)
WRONG: dict[str, tuple[object, ...]] = {
    "active": (False, None, "true", 1, [], {}),
    "client_id": (None, "", 7, True, ["acme-billing"]),
    "sub": (None, "", 7, {}),
    "org_id": (None, "", 7, []),
    "jti": (None, "", 7, []),
    "iss": (None, "", 7, [ISSUER]),
    "scope": (None, 7, ["read"], "read  write", " read", 'a"b'),
    "exp": (None, str(NOW + 9), NOW + 9.5, True, -1, 10**400, []),
    "iat": (None, str(NOW), 1.5, False, -1, {}),
    "nbf": (None, str(NOW), 1.5, True, -1, {}),
    "aud": (None, 7, {}, {API: 1}, [API, 7], [API, None], [[API]]),
    "token_type": (None, "", 7, ["Bearer"]),
    "allowed_networks": (None, [], "10.0.0.0/8", [7], ["x"], ["10.0.0.1/8"]),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def read(changed: dict[str, object], expect: Expectation = EXPECT, now: float = NOW) -> Principal:
    return Principal.from_introspection(GOOD | changed, expect, now=now)


def without(*names: str) -> dict[str, object]:
    return {name: value for name, value in GOOD.items() if name not in names}


def test_every_member_of_the_answer_becomes_a_field() -> None:
    assert read({}) == Principal(
        client_id="acme-billing",
        sub="service-7",
        org_id="7c9e6679",
        scope=Scope(("read", "write")),
        expires_at=NOW + 10,
        issued_at=NOW - 10,
        token_id="token-id",
        audience=(API, "https://other.example.com"),
        issuer=ISSUER,
    )


@pytest.mark.spec("RFC 7662", "2.2")
def test_what_the_rfc_leaves_optional_may_be_absent() -> None:
    answer = without("sub", "org_id", "scope", "aud", "iat", "nbf", "jti", "token_type")

    found = Principal.from_introspection(answer, Expectation(ISSUER), now=NOW)

    assert (found.sub, found.org_id, found.scope) == ("acme-billing", None, Scope(()))
    assert (found.audience, found.issued_at, found.token_id) == ((), None, None)


@pytest.mark.parametrize("name", ["active", "client_id", "iss", "exp", "aud"])
def test_what_cannot_be_done_without_is_refused_when_absent(name: str) -> None:
    with pytest.raises(OAuthError) as refused:
        Principal.from_introspection(without(name), EXPECT, now=NOW)

    assert refused.value.code == "invalid_token"


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG.items() for value in values],
)
def test_a_member_of_the_wrong_type_is_refused_and_never_taken_for_absent(
    name: str, value: object
) -> None:
    with pytest.raises(OAuthError) as refused:
        read({name: value})

    assert (refused.value.status, refused.value.code) == (401, "invalid_token")


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_token_is_good_until_its_expiry_and_no_longer() -> None:
    assert read({}, now=NOW + 9.999).expires_at == NOW + 10

    with pytest.raises(OAuthError):
        read({}, now=NOW + 10)


def test_a_token_of_a_little_later_passes_and_of_much_later_does_not() -> None:
    assert read({"nbf": NOW + 10}).client_id == "acme-billing"

    with pytest.raises(OAuthError):
        read({"nbf": NOW + 11})


@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.parametrize(
    "issuer", [ISSUER + "/", ISSUER.upper(), "https://sandbox-app.example.com", ISSUER + ".evil"]
)
def test_the_issuer_is_compared_exactly(issuer: str) -> None:
    with pytest.raises(OAuthError):
        read({"iss": issuer})


@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.parametrize("audience", [[], "https://other.example.com", API + "/", [API.upper()]])
def test_a_token_for_another_audience_is_refused(audience: object) -> None:
    with pytest.raises(OAuthError):
        read({"aud": audience})


@pytest.mark.parametrize("audience", [API, [API], (API,)])
def test_an_audience_may_be_one_text_or_a_list(audience: object) -> None:
    assert read({"aud": audience}).audience == (API,)


@pytest.mark.spec("RFC 9449", "7.2")
@pytest.mark.parametrize(
    "bound", [{"token_type": "DPoP"}, {"cnf": {"jkt": "0ZcOCORZNYy"}}, {"cnf": None}]
)
def test_a_token_bound_to_a_key_is_no_bearer_token(bound: dict[str, object]) -> None:
    with pytest.raises(OAuthError):
        read(bound)


def test_the_caller_hears_one_sentence_whatever_was_wrong() -> None:
    message = set()
    wrong: list[dict[str, object]] = [{"active": False}, {"exp": NOW}, {"iss": "x"}, {"aud": []}]
    for changed in wrong:
        with pytest.raises(OAuthError) as refused:
            read(changed)
        message.add(refused.value.description)

    assert len(message) == 1


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize(
    ("required", "missing"),
    [("admin", "admin"), ("read admin", "admin"), ("Read", "Read"), ("rea", "rea")],
)
def test_a_missing_scope_is_refused_and_named(required: str, missing: str) -> None:
    with pytest.raises(OAuthError) as refused:
        read({}).requires(Scope.parse(required))

    assert (refused.value.status, refused.value.code) == (403, "insufficient_scope")
    assert refused.value.description.endswith(f"lacks {missing}.")


@pytest.mark.parametrize("required", ["", "read", "write read"])
def test_a_granted_scope_passes_in_any_order(required: str) -> None:
    found = read({})
    found.requires(Scope.parse(required))

    assert not Scope.parse(required).without(found.scope).names


@given(st.dictionaries(st.sampled_from(sorted(claims_of(OURS))), JSON))
def test_any_answer_is_a_principal_or_an_invalid_token(answer: dict[str, object]) -> None:
    try:
        found = read(answer)
        is_good = found.expires_at is not None and found.expires_at > NOW
        outcome = f"{found.issuer == ISSUER} {is_good} {API in found.audience}"
    except OAuthError as refused:
        outcome = refused.code

    assert outcome in {"True True True", "invalid_token"}


PLAIN = Expectation(ISSUER, API, lenient=True)
LEFT_OUT: dict[str, tuple[str, object]] = {
    "sub": ("sub", "acme-billing"),
    "org_id": ("org_id", None),
    "jti": ("token_id", None),
    "scope": ("scope", Scope(())),
    "exp": ("expires_at", None),
    "iat": ("issued_at", None),
    "nbf": ("issued_at", NOW - 10),
    "iss": ("issuer", ISSUER),
    "token_type": ("client_id", "acme-billing"),
}


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.parametrize("name", LEFT_OUT)
def test_of_a_plain_issuer_a_member_that_is_null_or_missing_is_not_there(name: str) -> None:
    field, expected = LEFT_OUT[name]

    assert getattr(read({name: None}, PLAIN), field) == expected
    assert getattr(Principal.from_introspection(without(name), PLAIN, now=NOW), field) == expected


@pytest.mark.parametrize("name", ["active", "client_id", "aud", "cnf", "allowed_networks"])
def test_of_a_plain_issuer_null_never_takes_a_bound_away(name: str) -> None:
    with pytest.raises(OAuthError):
        read({name: None}, PLAIN)


def test_of_a_plain_issuer_a_moment_may_have_a_fraction_and_a_scope_be_a_list() -> None:
    found = read(
        {"exp": NOW + 9.5, "iat": NOW - 9.5, "nbf": NOW - 0.5, "scope": ["read", "write"]}, PLAIN
    )

    assert (found.expires_at, found.issued_at) == (NOW + 9, NOW - 10)
    assert str(found.scope) == "read write"


@pytest.mark.parametrize(
    "wrong",
    [{"exp": "x"}, {"exp": NOW - 0.5}, {"iat": True}, {"scope": ["a b"]}, {"scope": [None]}],
)
def test_of_a_plain_issuer_a_wrong_member_is_refused_all_the_same(wrong: dict[str, object]) -> None:
    with pytest.raises(OAuthError):
        read(wrong, PLAIN)


@pytest.mark.parametrize("leeway", [0, 10, 60])
def test_clocks_may_differ_by_the_leeway_and_no_more(leeway: int) -> None:
    expect = Expectation(ISSUER, API, leeway=leeway)
    claims = without("active", "token_type")

    def is_good(**changed: object) -> bool:
        try:
            Principal.from_claims(claims | changed, expect, now=NOW)
        except OAuthError:
            return False
        return True

    assert is_good(exp=NOW - leeway + 1)
    assert not is_good(exp=NOW - leeway)
    for begin in ("iat", "nbf"):
        assert is_good(**{begin: NOW + leeway})
        assert not is_good(**{begin: NOW + leeway + 1})
    assert read({"nbf": NOW + leeway}, expect).client_id == "acme-billing"
    with pytest.raises(OAuthError):
        read({"nbf": NOW + leeway + 1}, expect)


@pytest.mark.parametrize("leeway", [-1, 60.5, float("nan"), float("inf")])
def test_more_than_a_minute_of_leeway_is_refused(leeway: float) -> None:
    with pytest.raises(ValueError, match="leeway is 0 to 60 seconds"):
        Expectation(ISSUER, API, leeway=leeway)


def test_a_principal_from_claims_is_one_like_any_other() -> None:
    caller = Principal.from_claims(GOOD, EXPECT, now=NOW)

    assert type(caller) is Principal
    assert pickle.loads(pickle.dumps(caller)) == replace(caller) == caller
    assert hash(replace(caller)) == hash(caller)
    with pytest.raises(FrozenInstanceError):
        caller.org_id = "another"  # type: ignore[misc]
