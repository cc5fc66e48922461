"""Keys that clients register and sign with: what is read, and what is refused with which reason."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatepass.jose import base64url, signature
from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.jose.keys.errors import UnusableKeyError
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import (
    LONGEST_DOCUMENT,
    MOST_KEYS,
    ClientKey,
    members_of,
    read_key_set,
    read_keys,
)

VECTORS = Path(__file__).parents[1] / "vectors"
SIGNATURES = json.loads((VECTORS / "client_keys" / "rfc_signatures.json").read_text())
UNUSABLE = json.loads((VECTORS / "client_keys" / "unusable_jwks.json").read_text())
ALGORITHMS = sorted(set(OF_CLIENTS.values()))
KEYS = {alg: PrivateKey.generate(alg) for alg in ALGORITHMS}


def fault_of(text: bytes) -> str:
    with pytest.raises(UnusableKeyError) as caught:
        read_keys(text)
    return caught.value.fault


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.spec("RFC 7515", "3.3")
@pytest.mark.spec("RFC 8037", "3.1")
@pytest.mark.spec("RFC 7518", "3.4")
@pytest.mark.spec("RFC 7518", "3.5")
@pytest.mark.parametrize("vector", SIGNATURES, ids=lambda vector: vector["name"])
def test_the_signatures_of_the_rfcs_are_verified(vector: dict[str, object]) -> None:
    [key] = read_keys(as_json(vector["jwk"]))
    message, _, signed = str(vector["jws"]).rpartition(".")
    alg, octets = str(vector["alg"]), base64url.decode(signed)

    assert key.verify(alg, message.encode(), octets)
    assert not key.verify(alg, message.encode() + b"A", octets)
    assert not any(
        key.verify(other, message.encode(), octets) for other in ALGORITHMS if other != alg
    )


def wycheproof() -> list[tuple[str, dict[str, object], str, str]]:
    found = []
    text = (VECTORS / "wycheproof" / "json_web_signature_test.json").read_text()
    for group in json.loads(text)["testGroups"]:
        jwk = group.get("public", {"kty": "oct"})
        if jwk["kty"] == "oct":
            continue
        if group["comment"].startswith("rfc7520"):  # its keys name another alg than signs
            jwk = {name: value for name, value in jwk.items() if name != "alg"}
        for test in group["tests"]:
            if isinstance(test["jws"], str):
                name = f"{group['comment']}-{test['tcId']}"
                found.append((name, jwk, test["jws"], test["result"]))
    return found


def is_verified(jwk: dict[str, object], text: str) -> bool:
    try:
        head, _, signed = text.rpartition(".")
        header = json.loads(base64url.decode(head.partition(".")[0]))
        key = ClientKey.from_jwk(jwk)
        octets = base64url.decode(signed)
        base64url.decode(head.partition(".")[2])
    except ValueError:
        return False
    alg = OF_CLIENTS.get(header.get("alg", ""), "")
    return key.verify(alg, head.encode(), octets)


def test_wycheproofs_invalid_signatures_are_not_verified_and_its_valid_ones_are() -> None:
    wrong = [
        name
        for name, jwk, text, result in wycheproof()
        if result != "acceptable"
        and is_verified(jwk, text) is not (result == "valid" and jwk.get("alg") not in _OTHERS)
    ]

    assert len(wycheproof()) > 300
    assert wrong == []


_OTHERS = {"RS384", "RS512"}  # valid, and of algorithms that are not accepted


@pytest.mark.spec("RFC 7638", "3.1")
def test_the_thumbprint_is_the_one_of_the_rfc() -> None:
    jwk = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6"
        "tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-6"
        "5YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr"
        "dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKn"
        "qDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    [key] = read_keys(as_json(jwk))

    assert key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert (key.kid, key.algorithms) == ("2011-04-29", ("RS256",))


@pytest.mark.spec("RFC 8037", "2")
def test_the_key_of_the_rfc_signs_as_there_and_has_its_thumbprint() -> None:
    [example] = [each for each in SIGNATURES if each["name"] == "RFC 8037 A.4 Ed25519"]
    private = example["jwk"] | {"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}  # appendix A.1
    key = PrivateKey.from_jwk(private)
    message, _, signed = example["jws"].rpartition(".")

    assert base64url.encode(key.sign(message.encode())) == signed
    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"  # appendix A.3


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_generated_key_signs_and_is_the_same_read_from_jwk_and_pem(alg: str) -> None:
    key = KEYS[alg]
    again = [PrivateKey.from_jwk(key.private_jwk()), PrivateKey.from_pem(key.pem().encode(), alg)]
    public = ClientKey.from_jwk(key.public_jwk())

    assert all(public.verify(alg, b"text", each.sign(b"text")) for each in (key, *again))
    assert {each.kid for each in again} == {public.kid, public.thumbprint}
    assert read_keys(public.pem().encode())[0].members == public.members
    assert read_keys(as_json({"keys": [key.public_jwk()]})) == [public]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_nothing_shows_a_private_key_but_the_two_methods_for_that(alg: str) -> None:
    key = KEYS[alg]

    assert key.private_jwk()["d"] not in repr(key) + str(key.public_jwk()) + str(vars(key))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_that_names_its_algorithm_verifies_that_alone(alg: str) -> None:
    public = ClientKey.from_jwk(KEYS[alg].public_jwk())
    signed = KEYS[alg].sign(b"text")

    assert [each for each in ALGORITHMS if public.verify(each, b"text", signed)] == [alg]


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_a_signature_in_der_becomes_the_two_numbers_that_jws_has(alg: str) -> None:
    curve = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}[alg]
    private = ec.generate_private_key(curve)
    key = ClientKey.from_jwk(members_of(private.public_key()))
    number, ecdsa = signature.CURVES[alg]

    assert key.verify(alg, b"text", signature.joined(private.sign(b"text", ecdsa), number))
    with pytest.raises(ValueError, match=r"DER|ASN|parsing|signature"):
        signature.joined(b"no signature", number)


@pytest.mark.parametrize(("text", "fault"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_key_is_refused_with_its_reason(text: str, fault: str) -> None:
    assert fault_of(text.encode()) == fault


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_private_key_is_refused_where_a_public_one_is_registered(alg: str) -> None:
    jwk = KEYS[alg].private_jwk()

    assert fault_of(as_json(jwk)) == "private"
    assert fault_of(as_json({"keys": [jwk]})) == "private"
    assert fault_of(KEYS[alg].pem().encode()) == "private"


@pytest.mark.parametrize("bits", [1024, 2047])
def test_a_short_rsa_key_is_refused(bits: int) -> None:
    public = rsa.generate_private_key(65537, bits).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    assert fault_of(as_json(members_of(public))) == fault_of(pem) == "weak"


@pytest.mark.parametrize("exponent", [1, 3, 65536, 2**32 + 1])
def test_an_rsa_key_with_a_strange_exponent_is_refused(exponent: int) -> None:
    octets = exponent.to_bytes((exponent.bit_length() + 7) // 8)
    jwk = members_of(rsa.generate_private_key(65537, 2048).public_key())

    assert fault_of(as_json(jwk | {"e": base64url.encode(octets)})) == "weak"


def test_a_modulus_beyond_the_limit_is_refused() -> None:
    modulus = base64url.encode(b"\xff" * (8192 // 8 + 1))

    assert fault_of(as_json({"kty": "RSA", "e": "AQAB", "n": modulus})) == "weak"


def test_keys_of_other_kinds_in_pem_are_refused() -> None:
    others: list[dsa.DSAPublicKey | ec.EllipticCurvePublicKey] = [
        dsa.generate_private_key(1024).public_key(),
        ec.generate_private_key(ec.SECP256K1()).public_key(),
        ec.generate_private_key(ec.SECP224R1()).public_key(),
    ]

    assert {
        fault_of(each.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        for each in others
    } == {"kind"}


def test_a_set_is_bounded_in_keys_names_length_and_depth() -> None:
    jwk = KEYS["Ed25519"].public_jwk()
    many = {"keys": [jwk | {"kid": str(number)} for number in range(MOST_KEYS + 1)]}

    assert fault_of(as_json(many)) == "number"
    assert fault_of(as_json({"keys": [jwk, jwk]})) == "number"
    assert fault_of(as_json(jwk | {"x5c": "A" * LONGEST_DOCUMENT})) == "malformed"
    assert fault_of(b'{"kty":' + b"[" * 10_000 + b"]" * 10_000 + b"}") == "malformed"


def test_of_a_published_set_the_usable_keys_are_read() -> None:
    usable, other = KEYS["ES256"].public_jwk(), {"kty": "EC", "crv": "P-192", "x": "A", "y": "A"}

    assert [each.kid for each in read_key_set(as_json({"keys": [other, usable]}))] == [
        usable["kid"]
    ]
    with pytest.raises(UnusableKeyError):
        read_key_set(as_json({"keys": [other]}))
    with pytest.raises(UnusableKeyError, match="private"):
        read_key_set(as_json({"keys": [usable, KEYS["ES384"].private_jwk()]}))


@pytest.mark.parametrize(
    "change",
    [{"d": ""}, {"d": "AA"}, {"d": 1}, {"kty": "EC", "crv": "P-256K"}, {"x": "AAAA"}, {"alg": "x"}],
    ids=str,
)
def test_a_private_jwk_that_makes_no_key_is_refused(change: dict[str, object]) -> None:
    jwk = {**KEYS["ES256"].private_jwk(), **change}

    with pytest.raises(UnusableKeyError):
        PrivateKey.from_jwk(jwk)


def test_a_text_that_is_no_private_pem_is_refused() -> None:
    for text in (b"", b"-----BEGIN PRIVATE KEY-----", KEYS["ES256"].public_jwk()["x"].encode()):
        with pytest.raises(UnusableKeyError):
            PrivateKey.from_pem(text)
    with pytest.raises(UnusableKeyError):
        PrivateKey.generate("none")
