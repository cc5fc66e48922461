"""Keys that sign: what they publish and sign, read by an independent library."""

import json

import pytest
from joserfc import jwk, jws

from gatepass.jose import base64url
from gatepass.jose.algorithms import ALGORITHMS, Algorithm
from gatepass.jose.jwks import KeySet
from gatepass.jose.jws import verify
from gatepass.jose.signing import SigningKey, generate

# The library prefers the name Ed25519 (RFC 9864); what verifies tokens today knows EdDSA.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


@pytest.fixture(params=ALGORITHMS, scope="module")
def key(request: pytest.FixtureRequest) -> SigningKey:
    return SigningKey(request.param, generate(request.param))


@pytest.mark.spec("RFC 7515", "3.3")
def test_another_library_verifies_what_a_key_signed(key: SigningKey) -> None:
    public = jwk.import_key({**key.public_jwk()})

    read = jws.deserialize_compact(key.sign(b"text"), public, algorithms=[key.algorithm])

    assert read.payload == b"text"
    assert read.protected == {"alg": key.algorithm, "typ": "at+jwt", "kid": key.kid}


@pytest.mark.spec("RFC 7638", "3")
def test_a_key_is_named_by_its_thumbprint_unless_it_has_a_name(key: SigningKey) -> None:
    der = generate(key.algorithm)

    assert key.kid == jwk.import_key({**key.public_jwk()}).thumbprint()
    assert SigningKey(key.algorithm, der, "name").kid == "name"


def test_our_own_verification_accepts_it_and_no_other_signature(key: SigningKey) -> None:
    keys = KeySet.parse(json.dumps({"keys": [key.public_jwk()]}).encode())
    token = key.sign(b"{}", "JWT")
    content, _, signature = token.rpartition(".")

    header, payload = verify(token, keys)

    assert (header.typ, payload) == ("JWT", b"{}")
    assert key.verify(content.encode(), base64url.decode(signature))
    assert not key.verify(b"another", base64url.decode(signature))


def test_a_key_shows_no_private_member(key: SigningKey) -> None:
    assert not {"d", "p", "q", "k"} & key.public_jwk().keys()


def test_there_is_no_key_for_an_unknown_algorithm() -> None:
    unknown: Algorithm = "HS256"  # type: ignore[assignment]

    with pytest.raises(ValueError, match="ES256, EdDSA, PS256, RS256"):
        generate(unknown)
