"""Tens of thousands of wrong assertions and proofs made from right ones: none is accepted."""

import json
from base64 import b64encode
from itertools import product
from pathlib import Path

import pytest

from gatepass.jose import base64url, compact, dpop
from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from jose.variants import FAMILIES, Change, variants

ALGORITHMS = ("ES256", "ES384", "ES512", "Ed25519", "PS256", "PS384", "PS512", "RS256")
KEYS = {alg: PrivateKey.generate(alg) for alg in ALGORITHMS}
OTHER_RSA = PrivateKey.generate("PS256")
ATTACKER = PrivateKey.generate("ES256")
CLAIMS = {"iss": "a", "sub": "a", "aud": "https://b.example", "exp": 2_000_000_000, "jti": "1"}
URL = "https://server.example.com/token"
JSON_TEXTS = json.loads((Path(__file__).parents[1] / "vectors" / "malformed_json.json").read_text())


def assertion(alg: str, header: dict[str, object] | None = None, **claims: object) -> str:
    head = {"alg": alg, "kid": KEYS[alg].kid, "typ": "JWT", **(header or {})}
    return compact.sign(head, {**CLAIMS, **claims}, KEYS[alg].sign)


def proof(key: PrivateKey, header: dict[str, object] | None = None, **claims: object) -> str:
    public = {name: value for name, value in key.public_jwk().items() if name not in {"use", "kid"}}
    head = {"typ": "dpop+jwt", "alg": key.alg, "jwk": public, **(header or {})}
    body = {"jti": "1", "htm": "POST", "htu": URL, "iat": 1_000_000, **claims}
    return compact.sign(head, body, key.sign)


def is_accepted(text: str, key: ClientKey) -> bool:
    """Return whether a text is accepted as an assertion; anything but a refusal is an error."""
    try:
        jws = compact.parse(text)
    except compact.MalformedError:
        return False
    return key.verify(jws.alg, jws.message, jws.signature)


def is_proof(text: str) -> bool:
    try:
        found = dpop.read(text)
        dpop.check(found, method="POST", url=URL, now=1_000_001, longest_age=60)
    except dpop.InvalidProofError:
        return False
    return True


@pytest.mark.spec("RFC 7515", "5.2")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_no_assertion_whose_text_was_changed_is_accepted(alg: str) -> None:
    text, key = assertion(alg), ClientKey.from_jwk(KEYS[alg].public_jwk())
    wrong = set().union(*(variants(family, text) for family in FAMILIES))

    assert is_accepted(text, key)
    assert [each for each in wrong if is_accepted(each, key)] == []
    assert len(wrong) > 8_000


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_no_proof_whose_text_was_changed_is_accepted(family: Change) -> None:
    for key in (KEYS["ES256"], KEYS["Ed25519"]):
        text = proof(key)

        assert is_proof(text)
        assert [each for each in variants(family, text) if is_proof(each)] == []


HEADERS: list[dict[str, object]] = [
    {"jwk": ATTACKER.public_jwk()},
    {"jwk": None},
    {"jku": "https://attacker.example/jwks.json"},
    {"x5u": "https://attacker.example/chain.pem"},
    {"x5c": [b64encode(b"certificate").decode()]},
    {"crit": ["exp"], "exp": 1},
    {"crit": []},
    {"crit": ["b64"], "b64": False},
    {"b64": False},
    {"b64": True},
    {"kid": None},
    {"kid": 1},
    {"kid": ["a"]},
    {"kid": "a" * 257},
    {"typ": None},
    {"typ": 1},
    {"nested": json.loads("[" * 70 + "]" * 70)},
]
NAMES: list[object] = [
    "none",
    "None",
    "NONE",
    "",
    None,
    1,
    ["ES256"],
    {"alg": "ES256"},
    "HS256",
    "HS512",
    "RS384",
    "RS512",
    "ES256K",
    "es256",
    "Ed448",
    "RSA-OAEP",
    "dir",
    " ES256",
    "ES256\0",
]


@pytest.mark.spec("RFC 7515", "4.1.11")
@pytest.mark.spec("RFC 8725", "3.10")
@pytest.mark.parametrize("header", HEADERS, ids="-".join)
def test_no_header_that_brings_a_key_or_a_rule_is_accepted(header: dict[str, object]) -> None:
    for alg in ("ES256", "Ed25519", "PS256"):
        assert not is_accepted(assertion(alg, header), ClientKey.from_jwk(KEYS[alg].public_jwk()))


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_no_other_algorithm_is_accepted_for_a_key(alg: str) -> None:
    key = ClientKey.from_jwk(KEYS[alg].public_jwk())
    others: list[object] = [*NAMES, *(each for each in OF_CLIENTS if OF_CLIENTS[each] != alg)]

    assert [each for each in others if is_accepted(assertion(alg, {"alg": each}), key)] == []


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_signature_of_another_key_is_not_accepted(alg: str) -> None:
    is_rsa = alg.startswith(("PS", "RS"))
    stranger = OTHER_RSA if is_rsa else PrivateKey.generate(alg)
    key = ClientKey.from_jwk({**stranger.public_jwk(), "alg": alg})

    assert not is_accepted(assertion(alg), key)


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_no_ecdsa_signature_of_strange_numbers_is_accepted(alg: str) -> None:
    key = ClientKey.from_jwk(KEYS[alg].public_jwk())
    message, _, _ = assertion(alg).rpartition(".")
    size = {"ES256": 32, "ES384": 48, "ES512": 66}[alg]
    numbers = [0, 1, 2, 2 ** (8 * size) - 1, 2 ** (8 * size - 1)]
    signatures = [r.to_bytes(size) + s.to_bytes(size) for r, s in product(numbers, repeat=2)]
    signatures += [b"", bytes(2 * size + 1), bytes(2 * size - 1)]
    signatures += [b"\x30\x06\x02\x01\x01\x02\x01\x01"]  # in DER
    texts = [f"{message}.{base64url.encode(each)}" for each in signatures]

    assert [each for each in texts if is_accepted(each, key)] == []


def resigned(first: str, second: str) -> str:
    content = f"{base64url.encode(first.encode())}.{base64url.encode(second.encode())}"
    return f"{content}.{base64url.encode(KEYS['ES256'].sign(content.encode()))}"


@pytest.mark.spec("RFC 7515", "4")
@pytest.mark.parametrize(
    "text",
    [
        '{"alg":"ES256","alg":"ES256"}',
        '{"alg":"ES256","a":{"b":1,"b":1}}',
        '["alg","ES256"]',
        '"ES256"',
        "1",
        "",
        "{}",
        '{"alg":"ES256"}{}',
        '{"alg":"ES256",}',
        '{"alg":"ES256","a":NaN}',
        '{"alg":"ES256","a":1e}',
        '{"alg":"ES256","a":' + "9" * 5000 + "}",
        '{"alg":"ES256","a":' + "[" * 3000 + "]" * 3000 + "}",
        '{"alg":"ES256","a":"' + "a" * 9000 + '"}',
        '\ufeff{"alg":"ES256"}',
    ],
    ids=lambda text: text[:24],
)
def test_json_that_two_readers_may_read_differently_is_refused_though_it_is_signed(
    text: str,
) -> None:
    key = ClientKey.from_jwk(KEYS["ES256"].public_jwk())

    assert is_accepted(resigned('{"alg":"ES256"}', json.dumps(CLAIMS)), key)
    assert not is_accepted(resigned(text, json.dumps(CLAIMS)), key)
    assert text in {"{}", '{"alg":"ES256"}'} or not is_accepted(
        resigned('{"alg":"ES256"}', text), key
    )


@pytest.mark.parametrize(
    "value", [None, True, "1", -1, [1], {"a": 1}, 1e300, float(2**53), 2**53], ids=str
)
def test_a_time_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(compact.MalformedError):
        compact.number({"exp": value}, "exp")


def test_a_time_may_have_a_fraction_and_may_be_missing() -> None:
    assert compact.number({"exp": 1.5}, "exp") == 1.5
    assert compact.number({}, "exp") is None
