"""JWT access tokens, verified offline: who may pass, and who may not (RFC 9068)."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.guard import Expectation, KeySet, Principal, verify
from gatepass.jose.base64url import decode
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import LONGEST_TOKEN
from gatepass.wire.scope import Scope
from guard.tokens import ALGORITHMS, API, EXPECT, ISSUER, NOW, Issuer, claims, dump, encode, header

REQUIRED = ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")
WRONG: dict[str, tuple[object, ...]] = {
    "iss": (None, "", 7, [ISSUER], {}),
    "sub": (None, "", 7, True, [], {}, "a\nb", "\ud800"),
    "client_id": (None, "", 7, True, ["acme-billing"], "a\x00b"),
    "jti": (None, "", 7, [], "\x7f"),
    "aud": (None, 7, {}, {API: 1}, [API, 7], [API, None], [[API]], True),
    "exp": (None, "999", str(NOW + 60), True, [], {}, -1, 10**300, [NOW + 60]),
    "iat": (None, str(NOW), True, False, [], {}, -0.5),
    "nbf": (None, str(NOW), True, False, [], {}, -1),
    "scope": (None, 7, ["read"], "read  write", " read", 'a"b'),
    "org_id": (None, "", 7, []),
    "token_type": (None, "", 7, "DPoP"),
}
KEYS = Issuer()  # for properties, which cannot take a fixture of a narrower scope
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def refusal(issuer: Issuer, token: str, now: float = NOW) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        issuer.verify(token, now)
    assert (refused.value.status, refused.value.code) == (401, "invalid_token")
    return refused.value


def without(members: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in members.items() if name not in names}


def outcome(token: str) -> str:
    try:
        KEYS.verify(token)
    except OAuthError as refused:
        return refused.code
    return "accepted"


@pytest.mark.spec("RFC 9068", "2.1")
@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_good_token_tells_who_calls(issuer: Issuer, alg: str) -> None:
    body = claims(aud=["https://other.example.com", API], sub="service-7", nbf=NOW)

    assert issuer.verify(issuer.token(alg, body=body)) == Principal(
        client_id="acme-billing",
        sub="service-7",
        org_id="7c9e6679",
        scope=Scope(("read", "write")),
        expires_at=NOW + 60,
        issued_at=NOW - 60,
        token_id="token-id",
        audience=("https://other.example.com", API),
        issuer=ISSUER,
    )


@pytest.mark.spec("RFC 9068", "2.2")
def test_scope_organization_and_beginning_may_be_absent(issuer: Issuer) -> None:
    found = issuer.verify(issuer.token("ES256", body=without(claims(), "scope", "org_id")))

    assert (found.scope, found.org_id) == (Scope(()), None)


@pytest.mark.spec("RFC 9068", "2.1")
@pytest.mark.spec("RFC 8725", "3.11")
@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_the_type_is_that_of_an_access_token_in_any_case(issuer: Issuer, typ: str) -> None:
    assert issuer.verify(issuer.token("ES256", header("ES256", typ=typ))).sub == "acme-billing"


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.spec("RFC 8725", "3.11")
@pytest.mark.spec("RFC 8725", "3.12")
@pytest.mark.parametrize(
    "typ",
    [
        *("JWT", "", "id+jwt", "dpop+jwt", "statuslist+jwt", "client-authentication+jwt"),
        *("token-introspection+jwt", "logout+jwt", "secevent+jwt", "at jwt", "at+jwt "),
        *("application/jwt", "text/at+jwt", "application/application/at+jwt", "at+jwt;v=1"),
        "\uff41t+jwt",  # a wide letter
        *(None, 1, True, ["at+jwt"], {"at+jwt": 1}),
    ],
)
def test_a_token_of_any_other_type_is_refused_though_the_issuer_signed_it(
    issuer: Issuer, typ: object
) -> None:
    refusal(issuer, issuer.token("ES256", header("ES256", typ=typ)))


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.parametrize("name", ["typ", "alg", "kid"])
def test_a_header_without_type_algorithm_or_key_is_refused(issuer: Issuer, name: str) -> None:
    refusal(issuer, issuer.token("ES256", without(header("ES256"), name)))


@pytest.mark.spec("RFC 7515", "4.1.11")
@pytest.mark.parametrize(
    "crit", [["exp"], ["b64"], ["alg"], [], None, "exp", ["urn:example:unheard"], {"exp": 1}, 0]
)
def test_any_crit_is_refused_for_no_extension_is_known(issuer: Issuer, crit: object) -> None:
    head = header("ES256", crit=crit, exp=NOW + 60, b64=True) | {"urn:example:unheard": 1}

    refusal(issuer, issuer.token("ES256", head))


@pytest.mark.spec("RFC 7515", "4.1.2")
@pytest.mark.spec("RFC 8725", "3.10")
@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "b64"])
def test_a_token_that_brings_its_own_key_is_refused_though_the_issuer_signed_it(
    issuer: Issuer, name: str
) -> None:
    value = issuer.jwk("ES256") if name == "jwk" else "https://app.example.com/jwks.json"

    refusal(issuer, issuer.token("ES256", header("ES256", **{name: value})))


@pytest.mark.spec("RFC 7515", "4")
def test_header_members_that_nobody_knows_are_ignored(issuer: Issuer) -> None:
    head = header("ES256", cty="x", x5t="dGh1bWI", nonce="n") | {"urn:example:new": {"a": [1]}}

    assert issuer.verify(issuer.token("ES256", head)).token_id == "token-id"


@pytest.mark.spec("RFC 7515", "4")
@pytest.mark.spec("RFC 7519", "4")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_member_given_twice_is_refused_wherever_it_stands(issuer: Issuer, alg: str) -> None:
    head, body = dump(header(alg)), dump(claims(deep={"a": 1}))

    for member in (b'"alg":"none",', b'"kid":"x",', b'"typ":"at+jwt",'):
        refusal(issuer, issuer.sign(b"{" + member + head[1:], body, alg))
    for member in (b'"exp":1,', b'"aud":"x",', b'"scope":"admin",', b'"deep":{"a":1,"a":1},'):
        refusal(issuer, issuer.sign(head, b"{" + member + body[1:], alg))


@pytest.mark.spec("RFC 7519", "7.2")
@pytest.mark.spec("RFC 8725", "3.7")
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"{",
        b"{}{}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'{"a":"\xe9"}',
        b"{'a':1}",
        b'{"a":1,}',
        b"[" * 1500,
        b"\x00",
    ],
)
def test_claims_that_are_no_json_object_in_utf_8_are_refused(
    issuer: Issuer, payload: bytes
) -> None:
    refusal(issuer, issuer.sign(dump(header("ES256")), payload, "ES256"))


@pytest.mark.spec("RFC 7519", "2")
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_time_that_is_no_real_number_is_refused(issuer: Issuer, name: str, number: str) -> None:
    body = dump(claims(**{name: 0})).replace(f'"{name}":0'.encode(), f'"{name}":{number}'.encode())
    assert number.encode() in body

    refusal(issuer, issuer.sign(dump(header("ES256")), body, "ES256"))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_json_does_not_have_is_refused_even_where_nobody_reads_it(
    issuer: Issuer, number: str
) -> None:
    head, body = dump(header("ES256")), dump(claims())
    unread = f'{{"unread":{number},'.encode()

    refusal(issuer, issuer.sign(unread + head[1:], body, "ES256"))
    refusal(issuer, issuer.sign(head, unread + body[1:], "ES256"))


@pytest.mark.spec("RFC 9068", "2.2")
@pytest.mark.parametrize("name", REQUIRED)
def test_a_token_that_lacks_a_required_claim_is_refused(issuer: Issuer, name: str) -> None:
    refusal(issuer, issuer.token("ES256", body=without(claims(), name)))


@pytest.mark.spec("RFC 9068", "2.2")
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_claim_of_the_wrong_type_is_refused_and_never_taken_for_absent(
    issuer: Issuer, name: str, value: object
) -> None:
    refusal(issuer, issuer.token("ES256", body=claims(**{name: value})))


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.spec("RFC 7519", "4.1.4")
def test_expiry_has_ten_seconds_for_clocks_that_differ_and_no_more(issuer: Issuer) -> None:
    token = issuer.token("ES256", body=claims(exp=NOW))

    assert issuer.verify(token, NOW + 9.999).expires_at == NOW
    assert refusal(issuer, token, NOW + 10).log_detail == "expired"


@pytest.mark.spec("RFC 7519", "4.1.5")
@pytest.mark.spec("RFC 7519", "4.1.6")
@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_token_from_a_little_later_passes_and_from_much_later_does_not(
    issuer: Issuer, name: str
) -> None:
    assert issuer.verify(issuer.token("ES256", body=claims(**{name: NOW + 10}))).sub

    refused = refusal(issuer, issuer.token("ES256", body=claims(**{name: NOW + 10.5})))
    assert refused.log_detail == "not valid yet"


@pytest.mark.spec("RFC 7519", "2")
def test_a_time_may_have_a_fraction(issuer: Issuer) -> None:
    found = issuer.verify(issuer.token("ES256", body=claims(exp=NOW + 1.5, iat=NOW - 0.5)))

    assert (found.expires_at, found.issued_at) == (NOW + 1, NOW - 1)


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.spec("RFC 8725", "3.8")
@pytest.mark.parametrize(
    "iss", [ISSUER + "/", ISSUER.upper(), "https://sandbox-app.example.com", ISSUER + ".evil", " "]
)
def test_the_issuer_is_compared_exactly(issuer: Issuer, iss: str) -> None:
    refusal(issuer, issuer.token("ES256", body=claims(iss=iss)))


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.spec("RFC 8725", "3.9")
@pytest.mark.parametrize(
    "aud", [[], "", "https://other.example.com", API + "/", API + "x", API.upper(), [f" {API}"]]
)
def test_a_token_for_another_audience_is_refused(issuer: Issuer, aud: object) -> None:
    refusal(issuer, issuer.token("ES256", body=claims(aud=aud)))


@pytest.mark.spec("RFC 9068", "4")
def test_an_api_that_does_not_name_its_resource_cannot_verify_at_all(issuer: Issuer) -> None:
    with pytest.raises(ValueError, match="name its resource"):
        verify(issuer.token("ES256"), issuer.keys, Expectation(ISSUER), NOW)


@pytest.mark.spec("RFC 9449", "7.2")
@pytest.mark.parametrize("cnf", [{"jkt": "0ZcOCORZNYy"}, {"x5t#S256": "bwcK0esc3"}, {}, None, "x"])
def test_a_token_bound_to_a_key_is_no_bearer_token(issuer: Issuer, cnf: object) -> None:
    refusal(issuer, issuer.token("ES256", body=claims(cnf=cnf)))


@pytest.mark.spec("RFC 7515", "4.1.4")
@pytest.mark.parametrize(
    "kid", ["", "ES256-KEY", "ES256-key ", "EdDSA-key", None, 7, ["ES256-key"]]
)
def test_a_key_is_found_by_its_exact_name_and_never_tried_out(issuer: Issuer, kid: object) -> None:
    refusal(issuer, issuer.token("ES256", header("ES256", kid=kid)))


def test_a_token_longer_than_a_header_may_be_is_refused_before_it_is_decoded(
    issuer: Issuer,
) -> None:
    token = issuer.token("ES256", body=claims(padding="x" * LONGEST_TOKEN))

    assert refusal(issuer, token).log_detail == "longer than a token may be"


def test_the_caller_hears_one_sentence_whatever_was_wrong(issuer: Issuer) -> None:
    tokens = [
        issuer.token("ES256") + ".x",
        "a.b.c",
        issuer.token("ES256", header("ES256", typ="JWT")),
    ]
    tokens += [issuer.token("ES256", body=claims(**each)) for each in ({"exp": 1}, {"aud": "x"})]
    refused = [refusal(issuer, token) for token in tokens]

    assert len({each.description for each in refused}) == 1
    assert len({each.log_detail for each in refused}) == len(tokens)


@pytest.mark.spec("RFC 7518", "3.4")
def test_an_es256_signature_has_a_twin_so_that_only_the_jti_names_a_token(issuer: Issuer) -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    token = issuer.token("ES256")
    message, _, signature = token.rpartition(".")
    octets = decode(signature)
    twin = octets[:32] + (order - int.from_bytes(octets[32:])).to_bytes(32)

    assert issuer.verify(f"{message}.{encode(twin)}") == issuer.verify(token)


@given(st.text(st.sampled_from("canary.-_="), min_size=8) | st.text())
def test_a_refusal_never_repeats_what_was_sent(text: str) -> None:
    token = KEYS.token("EdDSA", body=claims(sub="c4n4ry", aud="c4n4ry", jti=f"c4n4ry {text}"))

    for sent in (f"c4n4ry{text}", token):
        with pytest.raises(OAuthError) as refused:
            KEYS.verify(sent)
        reason = f"{refused.value!r} {refused.value.description} {refused.value.log_detail}"
        assert "c4n4ry" not in reason
        assert token not in reason


@settings(max_examples=500)
@given(st.text())
def test_any_text_at_all_is_refused(text: str) -> None:
    assert outcome(text) == "invalid_token"


@pytest.mark.slow
@settings(max_examples=500)
@given(st.from_regex(r"[A-Za-z0-9_=-]{0,80}(\.[A-Za-z0-9_=-]{0,200}){1,3}", fullmatch=True))
def test_any_text_that_looks_like_a_token_is_refused(text: str) -> None:
    assert outcome(text) == "invalid_token"


@pytest.mark.slow
@settings(max_examples=500)
@given(
    st.dictionaries(st.sampled_from(("alg", "typ", "kid", "crit", "jwk", "b64")) | st.text(), JSON)
)
def test_any_header_the_issuer_could_sign_is_taken_or_refused(head: dict[str, object]) -> None:
    token = KEYS.sign(json.dumps(header("EdDSA") | head).encode(), dump(claims()), "EdDSA")

    assert outcome(token) in {"accepted", "invalid_token"}


@pytest.mark.slow
@settings(max_examples=500)
@given(st.dictionaries(st.sampled_from((*REQUIRED, "nbf", "scope", "cnf", "org_id")), JSON))
def test_any_claims_the_issuer_could_sign_are_taken_or_refused(changed: dict[str, object]) -> None:
    token = KEYS.sign(dump(header("EdDSA")), json.dumps(claims(**changed)).encode(), "EdDSA")

    assert outcome(token) in {"accepted", "invalid_token"}


@settings(max_examples=300)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_the_issuer_could_sign_are_refused(head: bytes, body: bytes) -> None:
    assert outcome(KEYS.sign(head, body, "EdDSA")) == "invalid_token"
    assert outcome(KEYS.sign(dump(header("EdDSA")), body, "EdDSA")) == "invalid_token"


def test_what_a_guard_verifies_with_comes_from_the_package_itself(issuer: Issuer) -> None:
    keys = KeySet.parse(json.dumps({"keys": [issuer.jwk("ES256")]}).encode())
    now = datetime.fromtimestamp(NOW, UTC).timestamp()

    assert verify(issuer.token("ES256"), keys, EXPECT, now).scope.covers(Scope(("read",)))


def test_only_who_verifies_offline_loads_the_cryptography() -> None:
    program = """
import sys
import gatepass, gatepass.guard
from gatepass.guard import Expectation, Principal
assert not {"joserfc", "cryptography"} & set(sys.modules)
from gatepass.guard import KeySet, verify
assert "cryptography" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_package_has_nothing_else() -> None:
    with pytest.raises(ImportError, match="no_such_name"):
        exec("from gatepass.guard import no_such_name")
