"""Tens of thousands of wrong JWTs made from good ones: none is accepted."""

import hashlib
import hmac
import json
from base64 import b64encode, urlsafe_b64decode
from itertools import product

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatepass.wire.errors import OAuthError
from guard.tokens import ALGORITHMS, API, Issuer, claims, dump, encode, header
from jose.variants import FAMILIES, Change, variants


def accepted(issuer: Issuer, tokens: set[str]) -> list[str]:
    return [token for token in tokens if passes(issuer, token)]


def passes(issuer: Issuer, token: str) -> bool:
    """Return whether `token` is accepted; whatever is not a plain refusal is an error."""
    try:
        issuer.verify(token)
    except OAuthError as refused:
        if refused.code != "invalid_token":
            raise
        return False
    return True


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_token_that_the_wrong_ones_are_made_from_is_accepted(issuer: Issuer, alg: str) -> None:
    token = issuer.token(alg)

    assert accepted(issuer, {token}) == [token]


@pytest.mark.spec("RFC 7515", "5.2")
@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_no_token_whose_text_was_changed_is_accepted(
    issuer: Issuer, family: Change, alg: str
) -> None:
    assert accepted(issuer, variants(family, issuer.token(alg))) == []


def test_there_are_tens_of_thousands_of_changed_texts(issuer: Issuer) -> None:
    tokens = [issuer.token(alg) for alg in ALGORITHMS]

    assert sum(len(variants(family, token)) for family in FAMILIES for token in tokens) > 50_000


def extras(attacker: Issuer, alg: str) -> list[dict[str, object]]:
    """Return header members that try to bring a key along, or to change the rules."""
    jwk = attacker.jwk(alg)
    return [
        {},
        {"jwk": jwk},
        {"jku": "https://attacker.example/jwks.json"},
        {"x5u": "https://attacker.example/chain.pem"},
        {"x5c": [b64encode(b"certificate").decode()]},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"jwk": jwk, "jku": "https://attacker.example/jwks.json", "x5c": []},
    ]


def resigned(attacker: Issuer, alg: str) -> set[str]:
    """Return tokens with any header at all, signed by a key that is not the issuer's."""
    algs: list[object] = [
        *ALGORITHMS,
        "Ed25519",
        "ES384",
        "HS256",
        "RS512",
        "none",
        "",
        None,
        [alg],
    ]
    kids: list[object] = [
        *(f"{each}-key" for each in ALGORITHMS),
        "",
        "*",
        "../key",
        None,
        0,
        ["k"],
    ]
    heads = [
        header(alg, alg=named, kid=kid) | extra
        for named, kid, extra in product(algs, kids, extras(attacker, alg))
    ]
    heads += [header(alg, typ=typ) for typ in ("at+jwt", "JWT", "application/at+jwt", None, 1)]
    heads += [{name: value for name, value in head.items() if name != "kid"} for head in heads]
    return {attacker.token(alg, head) for head in heads}


@pytest.mark.spec("RFC 8725", "3.10")
@pytest.mark.spec("RFC 7515", "4.1.2")
@pytest.mark.spec("RFC 7515", "4.1.3")
@pytest.mark.spec("RFC 7515", "4.1.5")
@pytest.mark.spec("RFC 7515", "4.1.6")
@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])  # to sign with RSA takes long, and adds nothing
def test_no_header_makes_a_strangers_signature_count(
    issuer: Issuer, attacker: Issuer, alg: str
) -> None:
    tokens = resigned(attacker, alg)

    assert len(tokens) > 1_100
    assert accepted(issuer, tokens) == []


@pytest.mark.spec("RFC 7515", "4.1.4")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_strangers_token_is_refused_though_it_says_what_a_good_one_says(
    issuer: Issuer, attacker: Issuer, alg: str
) -> None:
    assert accepted(issuer, {attacker.token(alg)}) == []
    assert accepted(attacker, {attacker.token(alg)}) != []


PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


def public_texts(issuer: Issuer, alg: str) -> set[bytes]:
    """Return everything that a careless verifier could take for the key of an HMAC."""
    keys: dict[str, PublicKey] = {
        "ES256": issuer.es256.public_key(),
        "EdDSA": issuer.eddsa.public_key(),
        "PS256": issuer.ps256.public_key(),
        "RS256": issuer.rs256.public_key(),
    }
    formats = [(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)]
    formats += [(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)]
    formats += [(Encoding.OpenSSH, PublicFormat.OpenSSH)]
    if isinstance(keys[alg], rsa.RSAPublicKey):
        formats += [(Encoding.PEM, PublicFormat.PKCS1), (Encoding.DER, PublicFormat.PKCS1)]
    if isinstance(keys[alg], ec.EllipticCurvePublicKey):
        formats += [(Encoding.X962, PublicFormat.UncompressedPoint)]
        formats += [(Encoding.X962, PublicFormat.CompressedPoint)]
    found = {keys[alg].public_bytes(*each) for each in formats}
    jwk = {name: str(value) for name, value in issuer.jwk(alg).items()}
    numbers = [jwk[name] for name in ("x", "y", "n", "e") if name in jwk]
    found |= {number.encode() for number in numbers}
    found |= {urlsafe_b64decode(number + "==") for number in numbers}
    found |= {dump(jwk), json.dumps(jwk).encode(), dump({"keys": [jwk]}), b"", b"\0" * 32}
    found |= {jwk["kid"].encode()}
    return found | {text.strip() for text in found}


def maced(issuer: Issuer, alg: str) -> set[str]:
    tokens = set()
    hashes = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
    for secret, (name, digest), named in product(
        public_texts(issuer, alg), hashes.items(), ("", "hs256", alg, "none")
    ):
        message = f"{encode(dump(header(alg, alg=named or name)))}.{encode(dump(claims()))}"
        mac = hmac.new(secret, message.encode(), digest).digest()
        tokens.add(f"{message}.{encode(mac)}")
    return tokens


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_no_hmac_made_with_a_public_key_is_accepted(issuer: Issuer, alg: str) -> None:
    tokens = maced(issuer, alg)

    assert len(tokens) > 100
    assert accepted(issuer, tokens) == []


@pytest.mark.spec("RFC 9068", "2.1")
@pytest.mark.spec("RFC 8725", "3.2")
@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("none", ["none", "None", "NONE", "nOnE", "none ", "\0none", "", None])
def test_an_unsigned_token_is_refused_however_none_is_spelled(
    issuer: Issuer, alg: str, none: str | None
) -> None:
    message = f"{encode(dump(header(alg, alg=none)))}.{encode(dump(claims()))}"
    signatures = ("", "A", "AA", "AAAA", encode(bytes(64)), issuer.token(alg).rpartition(".")[2])

    assert accepted(issuer, {f"{message}.{each}" for each in signatures} | {message}) == []


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize("signer", [*ALGORITHMS, "PS256 as RS256", "RS256 as PS256"])
def test_a_key_of_the_issuer_verifies_its_own_algorithm_and_no_other(
    issuer: Issuer, signer: str
) -> None:
    named = (*ALGORITHMS, "Ed25519")
    heads = {(alg, kid): header(alg, alg=alg, kid=f"{kid}-key") for alg in named for kid in named}
    tokens = {pair: issuer.token(signer, head, signer=signer) for pair, head in heads.items()}

    passing = {pair for pair, token in tokens.items() if accepted(issuer, {token})}

    right = {(signer, signer)} if signer in ALGORITHMS else set()
    if signer == "EdDSA":
        right |= {("Ed25519", "EdDSA")}  # two names of one algorithm (RFC 9864)
    assert passing == right


@pytest.mark.spec("RFC 8725", "3.9")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_parts_of_two_good_tokens_do_not_make_a_third(issuer: Issuer, alg: str) -> None:
    first = issuer.token(alg)
    second = issuer.token(alg, header(alg, typ="application/at+jwt"), claims(aud=[API], jti="2"))
    mixed = set(map(".".join, product(*zip(first.split("."), second.split("."), strict=True))))

    assert accepted(issuer, {first, second}) != []
    assert accepted(issuer, mixed - {first, second}) == []
