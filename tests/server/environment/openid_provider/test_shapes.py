"""Metadata and claims in the shapes of Entra ID, Okta, Google and Keycloak."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from gatepass.jose import jws
from gatepass.jose.jwks import KeySet
from gatepass.jose.signing import SigningKey, generate
from gatepass.server.domain.users.single_sign_on.model import Provider, check_issuer, role_of
from gatepass.server.environment.openid_provider import id_token, metadata
from gatepass.server.environment.openid_provider.errors import ProviderError
from gatepass.wire.secret import Secret

NOW = 1_800_000_000.0
_FOLDER = Path(__file__).parents[3] / "vectors" / "openid_providers"
SHAPES: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text()) for file in sorted(_FOLDER.glob("*.json"))
}
KEY = SigningKey("RS256", generate("RS256"), "k1")
KEYS = KeySet.parse({"keys": [KEY.public_jwk()]})


def provider(shape: dict[str, Any]) -> Provider:
    return Provider(
        org_id=uuid4(),
        issuer=shape["issuer"],
        client_id=shape["client_id"],
        secret=b"",
        is_on=True,
        tested_at=None,
        adds_people=True,
        role_claim=shape["role_claim"],
        roles=dict.fromkeys(shape["roles"], "staff"),
        default_role="user",
        highest_role="staff",
        emergency_id=None,
        changed_at=datetime.fromtimestamp(NOW, UTC),
    )


@pytest.mark.parametrize("name", SHAPES)
def test_the_metadata_of_a_provider_is_read(name: str) -> None:
    shape = SHAPES[name]

    found = metadata.parse(json.dumps(shape["metadata"]).encode(), check_issuer(shape["issuer"]))

    assert found.token_endpoint == shape["metadata"]["token_endpoint"]
    assert found.takes_basic == shape["takes_basic"]
    assert found.sends_issuer == shape["sends_issuer"]


@pytest.mark.parametrize("name", SHAPES)
def test_the_claims_of_a_provider_are_read(name: str) -> None:
    shape = SHAPES[name]
    text = KEY.sign(json.dumps(shape["claims"]).encode(), "JWT")
    header = jws.read_header(text)
    key = KEYS.get(header.kid, header.alg)
    assert key
    expected = id_token.Expected(shape["issuer"], shape["client_id"], Secret("NONCE"), NOW)

    found = id_token.read(text, header, key, expected)

    assert (found.subject, found.email) == (shape["claims"]["sub"], shape["email"])
    assert found.email_verified is shape["verified"]
    has_auth_time = "auth_time" in shape["claims"]
    assert (found.auth_time is not None) is has_auth_time
    role = role_of(provider(shape), found)
    assert role == ("staff" if shape["roles"] else None)


METADATA: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": (
        {"issuer": "https://evil.example/?secret"},
        "the metadata is of the issuer https://evil.example/, not of https://acme.okta.com",
    ),
    "an issuer with a slash more": (
        {"issuer": "https://acme.okta.com/"},
        "the metadata is of the issuer https://acme.okta.com/, not of https://acme.okta.com",
    ),
    "no issuer": (
        {"issuer": None},
        "the metadata is of the issuer nobody, not of https://acme.okta.com",
    ),
    "no token endpoint": (
        {"token_endpoint": None},
        "token_endpoint in the metadata is missing, or not an https URL",
    ),
    "plain http": (
        {"token_endpoint": "http://acme.okta.com/token"},
        "token_endpoint in the metadata is missing, or not an https URL",
    ),
    "a script": (
        {"authorization_endpoint": "javascript:alert(1)"},
        "authorization_endpoint in the metadata is missing, or not an https URL",
    ),
    "no code": (
        {"response_types_supported": ["id_token"]},
        "the provider does not support response_type=code",
    ),
    "plain PKCE alone": (
        {"code_challenge_methods_supported": ["plain"]},
        "the provider does not support PKCE with S256",
    ),
    "no client secrets": (
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
        "the provider does not accept a client secret",
    ),
}


@pytest.mark.parametrize("what", METADATA)
def test_metadata_that_cannot_be_trusted_or_used_is_refused(what: str) -> None:
    changed, reason = METADATA[what]
    document = {**SHAPES["okta"]["metadata"], **changed}

    with pytest.raises(ProviderError) as refused:
        metadata.parse(json.dumps(document).encode(), "https://acme.okta.com")

    assert str(refused.value) == reason


@pytest.mark.parametrize("text", [b"", b"[]", b"<html>", b'{"issuer": "a", "issuer": "b"}'])
def test_what_is_no_json_object_is_no_metadata(text: bytes) -> None:
    with pytest.raises(ProviderError):
        metadata.parse(text, "https://acme.okta.com")


@pytest.mark.parametrize(
    ("issuer", "claims", "verified"),
    [
        ("https://login.microsoftonline.com/t/v2.0", {"xms_edov": "1"}, True),
        ("https://login.microsoftonline.com/t/v2.0", {"xms_edov": 1}, True),
        ("https://login.microsoftonline.com/t/v2.0", {"xms_edov": False}, False),
        ("https://login.microsoftonline.com/t/v2.0", {}, False),
        (
            "https://login.microsoftonline.com/t/v2.0",
            {"xms_edov": True, "email_verified": False},
            False,
        ),
        ("https://login.microsoftonline.com.evil.example", {"xms_edov": True}, False),
        ("https://cognito.example", {"email_verified": "true"}, True),
        ("https://cognito.example", {"email_verified": 1}, False),
    ],
)
def test_an_address_is_verified_where_the_provider_says_so_in_its_own_words(
    issuer: str, claims: dict[str, Any], *, verified: bool
) -> None:
    members = {"sub": "s", "email": "a@acme.example", **claims}

    assert id_token.claims_of(members, issuer).email_verified is verified
