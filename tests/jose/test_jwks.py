"""An issuer's JWK Set: which keys come out of it, and which documents are not to be trusted."""

import json
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.guard import KeySet, verify
from gatepass.jose.algorithms import ACCEPTED
from gatepass.jose.base64url import decode
from gatepass.jose.jwks import LONGEST_DOCUMENT, LONGEST_KID, MOST_KEYS
from gatepass.wire.errors import OAuthError
from guard.tokens import ALGORITHMS, EXPECT, NOW, Issuer, dump, encode, header

Jwk = dict[str, object]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = ("kty", "crv", "x", "y", "n", "e", "kid", "use", "key_ops", "alg", "d", "k", "x5c")
KEYS = Issuer()
JWKS = [KEYS.jwk(alg) for alg in ALGORITHMS]


def without(jwk: Jwk, *names: str) -> Jwk:
    return {name: value for name, value in jwk.items() if name not in names}


def why_skipped(jwk: Jwk) -> str:
    """Return the reason why `jwk` is left out beside a good key."""
    keys = KeySet.parse({"keys": [jwk, KEYS.jwk("EdDSA") | {"kid": "another"}]})
    assert list(keys.keys) == ["another"]
    [reason] = keys.skipped
    return reason


def number(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8))


@pytest.mark.spec("RFC 7517", "5")
def test_the_keys_of_each_algorithm_come_out_by_name() -> None:
    keys = KeySet.parse({"keys": JWKS})

    assert {kid: key.alg for kid, key in keys.keys.items()} == {
        "ES256-key": "ES256",
        "EdDSA-key": "Ed25519",
        "PS256-key": "PS256",
        "RS256-key": "RS256",
    }
    assert keys.skipped == ()
    assert keys.get("nobody") is None


@pytest.mark.spec("RFC 7517", "5")
def test_text_and_json_already_read_give_the_same() -> None:
    document: Mapping[str, object] = {"keys": JWKS, "unknown": 1}

    assert KeySet.parse(json.dumps(document, indent=2).encode()) == KeySet.parse(document)


@pytest.mark.spec("RFC 7517", "4.4")
@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize(
    ("alg", "meant"),
    [("ES256", "ES256"), ("EdDSA", "Ed25519"), ("RS256", "RS256"), ("PS256", "RS256")],
)
def test_a_key_that_does_not_say_its_algorithm_has_one_all_the_same(alg: str, meant: str) -> None:
    keys = KeySet.parse({"keys": [without(KEYS.jwk(alg), "alg", "use")]})

    assert keys.keys[f"{alg}-key"].alg == meant


@pytest.mark.spec("RFC 9864", "2.2")
@pytest.mark.parametrize("named", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("signed_as", ["EdDSA", "Ed25519"])
def test_both_names_of_the_edwards_algorithm_are_one(named: str, signed_as: str) -> None:
    keys = KeySet.parse({"keys": [KEYS.jwk("EdDSA") | {"alg": named}]})
    token = KEYS.token("EdDSA", header("EdDSA", alg=signed_as))

    assert verify(token, keys, EXPECT, NOW).client_id == "acme-billing"


@pytest.mark.spec("RFC 7517", "4.2")
@pytest.mark.spec("RFC 8414", "2")
@pytest.mark.parametrize("use", ["enc", "SIG", "sig ", "", None, 1, ["sig"]])
def test_a_key_for_another_use_is_skipped(use: object) -> None:
    assert "use" in why_skipped(KEYS.jwk("ES256") | {"use": use})


@pytest.mark.spec("RFC 7517", "4.3")
@pytest.mark.parametrize(
    "operations", [[], ["sign"], ["encrypt"], "verify", None, {}, ["verify", "verify"], ["VERIFY"]]
)
def test_a_key_for_other_operations_is_skipped(operations: object) -> None:
    assert "key_ops" in why_skipped(KEYS.jwk("ES256") | {"key_ops": operations})


@pytest.mark.spec("RFC 7517", "4.3")
def test_a_key_for_verifying_is_taken() -> None:
    assert KeySet.parse({"keys": [KEYS.jwk("ES256") | {"key_ops": ["verify"]}]}).keys


@pytest.mark.spec("RFC 7517", "4.4")
@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize("jwk", JWKS, ids=ALGORITHMS)
@pytest.mark.parametrize(
    "alg",
    [
        "none",
        "HS256",
        "ES384",
        "ES512",
        "ES256K",
        "RS384",
        "RS512",
        "PS384",
        "Ed448",
        "RSA-OAEP",
        "es256",
        "",
        None,
        7,
        ["ES256"],
    ],
)
def test_a_key_for_an_algorithm_that_is_not_taken_is_skipped(jwk: Jwk, alg: object) -> None:
    assert "alg" in why_skipped(jwk | {"alg": alg})


@pytest.mark.spec("RFC 7517", "4.4")
@pytest.mark.parametrize(
    ("kind", "alg"),
    [("ES256", "RS256"), ("ES256", "EdDSA"), ("EdDSA", "ES256"), ("RS256", "ES256")],
)
def test_a_key_whose_algorithm_does_not_fit_its_kind_is_skipped(kind: str, alg: str) -> None:
    assert "alg" in why_skipped(KEYS.jwk(kind) | {"alg": alg})


@pytest.mark.spec("RFC 7517", "4.1")
@pytest.mark.parametrize(
    "changed",
    [
        {"kty": "RSA"},
        {"kty": "ec"},
        {"kty": None},
        {"kty": ["EC"]},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": "p-256"},
        {"crv": None},
        {"kty": "OKP"},
        {"kty": "AKP"},
    ],
)
def test_a_key_of_another_kind_is_skipped(changed: Jwk) -> None:
    assert "kind" in why_skipped(KEYS.jwk("ES256") | changed)


@pytest.mark.spec("RFC 7518", "6.2.1")
@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
@pytest.mark.parametrize(
    "x",
    [None, 7, "", "AA", encode(bytes(31)), encode(bytes(33)), encode(bytes(32)) + "=", "+" * 43],
)
def test_a_coordinate_that_is_not_32_octets_in_base64url_is_skipped(alg: str, x: object) -> None:
    why_skipped(KEYS.jwk(alg) | {"x": x})


@pytest.mark.spec("RFC 7518", "6.2.1")
@pytest.mark.parametrize("name", ["x", "y"])
def test_a_coordinate_of_the_right_value_and_the_wrong_length_is_skipped(name: str) -> None:
    octets = decode(str(KEYS.jwk("ES256")[name]))

    assert "octets" in why_skipped(KEYS.jwk("ES256") | {name: encode(b"\0" + octets)})


@pytest.mark.spec("RFC 8725", "3.4")
@pytest.mark.parametrize("y", [bytes(32), b"\xff" * 32, b"\1" * 32])
def test_a_point_that_is_not_on_the_curve_is_skipped(y: bytes) -> None:
    why_skipped(KEYS.jwk("ES256") | {"y": encode(y)})


@pytest.mark.spec("RFC 7518", "3.3")
@pytest.mark.parametrize("bits", [512, 1024, 2047, 8193, 16384])
def test_a_modulus_that_is_too_short_or_too_long_is_skipped(bits: int) -> None:
    jwk = KEYS.jwk("RS256") | {"n": number((1 << bits) - 1)}

    assert "modulus" in why_skipped(jwk)


def test_an_even_modulus_is_skipped() -> None:
    assert "modulus" in why_skipped(KEYS.jwk("RS256") | {"n": number(1 << 2047)})


@pytest.mark.spec("RFC 7518", "6.3.1")
@pytest.mark.parametrize("exponent", [1, 2, 3, 17, 65535, 65536, 65538, 2**32 + 1, 2**64 + 1])
def test_a_public_exponent_out_of_bounds_is_skipped(exponent: int) -> None:
    assert "exponent" in why_skipped(KEYS.jwk("RS256") | {"e": number(exponent)})


@pytest.mark.spec("RFC 7518", "6.3.1")
@pytest.mark.parametrize("name", ["n", "e"])
@pytest.mark.parametrize("zeros", [b"\0", b"\0\0"])
def test_a_number_with_leading_zeros_is_skipped(name: str, zeros: bytes) -> None:
    octets = {"n": KEYS.rs256.public_key().public_numbers().n.to_bytes(256), "e": b"\1\0\1"}[name]

    assert "zero" in why_skipped(KEYS.jwk("RS256") | {name: encode(zeros + octets)})


@pytest.mark.parametrize("name", ["n", "e"])
@pytest.mark.parametrize("value", [None, 65537, "", ["AQAB"], "AQAB=", "AQ AB", "AQAB\n", "A"])
def test_a_number_that_is_none_is_skipped(name: str, value: object) -> None:
    why_skipped(KEYS.jwk("RS256") | {name: value})


@pytest.mark.parametrize("bits", [2048, 3072, 4096, 8192])
def test_a_key_of_a_chip_with_the_roca_flaw_is_skipped(bits: int) -> None:
    """With a modulus made as the flaw makes it: a power of 65537 modulo the primes to 701."""
    product = 1
    for prime in range(2, 702):
        if all(prime % divisor for divisor in range(2, prime)):
            product *= prime
    modulus = pow(65537, 123456, product)
    modulus += product * ((1 << (bits - 1)) // product + 1)
    modulus += 0 if modulus % 2 else product
    assert modulus.bit_length() == bits

    assert "ROCA" in why_skipped(KEYS.jwk("RS256") | {"n": number(modulus)})


@pytest.mark.spec("RFC 7517", "4.5")
@pytest.mark.parametrize("kid", [None, "", 7, ["a"], "x" * (LONGEST_KID + 1)])
def test_a_key_without_a_usable_name_is_skipped(kid: object) -> None:
    assert "kid" in why_skipped(KEYS.jwk("ES256") | {"kid": kid})
    assert "kid" in why_skipped(without(KEYS.jwk("ES256"), "kid"))


@pytest.mark.spec("RFC 7517", "4.5")
@pytest.mark.parametrize("other", [{"kty": "EC", "crv": "P-384"}, KEYS.jwk("ES256")])
def test_two_keys_of_one_name_and_type_spoil_the_whole_set(other: Jwk) -> None:
    with pytest.raises(ValueError, match="same kid"):
        KeySet.parse({"keys": [KEYS.jwk("ES256"), other | {"kid": "ES256-key"}]})


@pytest.mark.spec("RFC 7517", "4.5")
@pytest.mark.parametrize("order", [1, -1])
def test_keys_of_different_types_may_share_a_name(order: int) -> None:
    algorithms = ["ES256", "EdDSA", "RS256"][::order]
    keys = KeySet.parse({"keys": [KEYS.jwk(alg) | {"kid": "one"} for alg in algorithms]})

    for alg in algorithms:
        token = KEYS.token(alg, header(alg, kid="one"))
        assert verify(token, keys, EXPECT, NOW).client_id == "acme-billing"
    first = keys.get("one")
    assert first is not None
    assert first.alg == ACCEPTED[algorithms[0]]
    with pytest.raises(OAuthError):
        verify(KEYS.token("PS256", header("PS256", kid="one")), keys, EXPECT, NOW)


def test_a_key_of_another_kind_may_share_a_name_and_is_skipped() -> None:
    keys = KeySet.parse({"keys": [{"kty": "AKP", "kid": "ES256-key"}, KEYS.jwk("ES256")]})

    assert list(keys.keys) == ["ES256-key"]


SECRETS: list[Jwk] = [
    {"kty": "oct", "k": encode(bytes(32)), "alg": "HS256", "kid": "mac"},
    {"kty": "oct", "kid": "mac"},
    KEYS.jwk("RS256") | {"k": encode(bytes(32)), "kid": "other"},
    KEYS.jwk("ES256") | {"d": encode(bytes(32))},
    KEYS.jwk("EdDSA") | {"d": encode(ed25519.Ed25519PrivateKey.generate().private_bytes_raw())},
    *(KEYS.jwk("RS256") | {name: "AQAB"} for name in ("d", "p", "q", "dp", "dq", "qi", "oth")),
    {"kty": "unknown", "d": None},
]


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.spec("RFC 7517", "9.2")
@pytest.mark.parametrize("jwk", SECRETS, ids=lambda jwk: f"{jwk['kty']}-{list(jwk)[-1]}")
def test_a_private_or_symmetric_key_given_away_spoils_the_whole_set(jwk: Jwk) -> None:
    for keys in ([jwk], [KEYS.jwk("PS256"), jwk], [jwk, KEYS.jwk("PS256")]):
        with pytest.raises(ValueError, match="publishes") as error:
            KeySet.parse({"keys": keys})
        assert "AQAB" not in str(error.value)


@pytest.mark.spec("RFC 7517", "5")
@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"keys":null}',
        b'{"keys":{}}',
        b'{"keys":"x"}',
        b"\xff",
        b'{"keys":[1]}',
        b'{"keys":[null]}',
        b'{"keys":[[]]}',
        b'{"keys":["x"]}',
        b"[" * 60000,
        b'{"keys":[],"keys":[]}',
        b'{"keys":[{"kid":"a","kid":"b"}]}',
        b'{"keys":[{"x":NaN}]}',
    ],
)
def test_a_document_that_is_no_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"key|JSON"):
        KeySet.parse(document)


def test_a_member_given_twice_spoils_the_whole_set() -> None:
    document = dump({"keys": [KEYS.jwk("ES256")]}).replace(
        b'"use":"sig"', b'"use":"enc","use":"sig"'
    )

    with pytest.raises(ValueError, match="not valid JSON"):
        KeySet.parse(document)


@pytest.mark.parametrize("keys", [[], [KEYS.jwk("ES256") | {"use": "enc"}]])
def test_a_set_without_any_usable_key_is_refused_with_the_reasons(keys: list[Jwk]) -> None:
    with pytest.raises(
        ValueError, match=r"no key that can verify a token: (it is empty|key 1: use)"
    ):
        KeySet.parse({"keys": keys})


def test_a_set_has_its_limits() -> None:
    keys = [KEYS.jwk("EdDSA") | {"kid": str(each)} for each in range(MOST_KEYS + 1)]
    text = dump({"keys": keys[:1]})

    assert len(KeySet.parse({"keys": keys[:MOST_KEYS]}).keys) == MOST_KEYS
    assert KeySet.parse(text.ljust(LONGEST_DOCUMENT)).keys
    with pytest.raises(ValueError, match="at most"):
        KeySet.parse({"keys": keys})
    with pytest.raises(ValueError, match="longer than"):
        KeySet.parse(text.ljust(LONGEST_DOCUMENT + 1))


def test_a_set_cannot_be_changed_once_it_is_read() -> None:
    keys = KeySet.parse({"keys": JWKS})

    with pytest.raises(TypeError):
        keys.keys["mine"] = keys.keys["ES256-key"]  # type: ignore[index]


def test_keys_of_other_sizes_and_exponents_are_taken() -> None:
    key = rsa.generate_private_key(65537, 3072).public_key().public_numbers()
    jwk: Jwk = {"kty": "RSA", "n": number(key.n), "e": number(key.e), "kid": "long"}

    assert KeySet.parse(
        {"keys": [jwk, jwk | {"kid": "e", "e": number(2**32 - 1)}]}
    ).keys.keys() == {
        "long",
        "e",
    }


def outcome(document: bytes | Mapping[str, object]) -> str:
    try:
        return f"{len(KeySet.parse(document).keys)} usable"
    except ValueError:
        return "refused"


@settings(max_examples=500)
@given(st.binary() | JSON.map(json.dumps).map(str.encode))
def test_any_document_is_refused(document: bytes) -> None:
    assert outcome(document) == "refused"


@pytest.mark.slow
@settings(max_examples=500)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(JWKS), st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=3)
        ).map(lambda pair: pair[0] | pair[1])
        | st.dictionaries(st.sampled_from(MEMBERS), JSON),
        max_size=3,
    )
)
def test_any_list_of_keys_gives_usable_ones_or_is_refused(listed: list[Jwk]) -> None:
    assert outcome({"keys": listed}) in {"refused", "1 usable", "2 usable", "3 usable"}
