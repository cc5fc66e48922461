"""Tokens that are bound to a key or certificate (`cnf`, RFC 7800), in both forms."""

import json

import pytest

from gatepass.jose import base64url
from gatepass.jose.confirmation import Confirmation
from gatepass.server.tokens import jwt, opaque
from gatepass.server.tokens.claims import Claims
from gatepass.wire.metadata import PARTNER_API
from server.fixtures import Client, InProcessServer

JKT, CERTIFICATE = base64url.encode(b"k" * 32), base64url.encode(b"c" * 32)
BINDINGS = [
    (Confirmation(jkt=JKT), "DPoP", {"jkt": JKT}),
    (Confirmation(x5t_s256=CERTIFICATE), "Bearer", {"x5t#S256": CERTIFICATE}),
    (Confirmation(JKT, CERTIFICATE), "DPoP", {"jkt": JKT, "x5t#S256": CERTIFICATE}),
]


def minted(
    server: InProcessServer, client: Client, form: str, confirmation: Confirmation | None
) -> str:
    """Return a token of a client, as the server makes it."""
    environment, now_ms = server.environment(), int(server.clock() * 1000)
    application = client.application
    claims = Claims(application.id.bytes, b"0" * 16, now_ms, 600, "read", (), confirmation)
    if form == "opaque":
        return opaque.encode(claims, environment.keys.opaque_token_key)
    audience = (environment.issuer + PARTNER_API,)
    key = next(iter(environment.keys.signing_keys.values()))
    claims = claims._replace(application=client.client_id, audience=audience)
    return jwt.sign(claims, application.org_id, environment.issuer, key)


@pytest.mark.spec("RFC 9449", "6.2")
@pytest.mark.spec("RFC 8705", "3.2")
@pytest.mark.parametrize(("confirmation", "token_type", "cnf"), BINDINGS)
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_introspection_says_to_what_a_token_is_bound(
    server: InProcessServer,
    form: str,
    confirmation: Confirmation,
    token_type: str,
    cnf: dict[str, str],
) -> None:
    client = server.register()
    token = minted(server, client, form, confirmation)

    found = server.introspect(client, token).json()

    assert found["active"]
    assert (found["token_type"], found["cnf"]) == (token_type, cnf)


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_introspection_of_a_token_that_is_bound_to_nothing_has_no_cnf(
    server: InProcessServer, form: str
) -> None:
    client = server.register()

    found = server.introspect(client, minted(server, client, form, None)).json()

    assert found["token_type"] == "Bearer"
    assert "cnf" not in found


@pytest.mark.spec("RFC 9449", "6.1")
@pytest.mark.spec("RFC 8705", "3.1")
@pytest.mark.parametrize(("confirmation", "_", "cnf"), BINDINGS)
def test_a_jwt_has_the_claim_and_a_header_of_its_own(
    server: InProcessServer, confirmation: Confirmation, _: str, cnf: dict[str, str]
) -> None:
    client = server.register()
    bound, plain = (minted(server, client, "jwt", each) for each in (confirmation, None))

    (header, claims), (plain_header, plain_claims) = (
        [json.loads(base64url.decode(part)) for part in token.split(".")[:2]]
        for token in (bound, plain)
    )

    assert claims == plain_claims | {"cnf": cnf}
    assert header == plain_header
    assert bound.split(".")[0] != plain.split(".")[0]


@pytest.mark.parametrize("confirmation", [None, Confirmation(JKT)])
def test_a_jwt_with_the_header_of_the_other_sort_is_none(
    server: InProcessServer, confirmation: Confirmation | None
) -> None:
    client, environment = server.register(), server.environment()
    key = next(iter(environment.keys.signing_keys.values()))
    token = minted(server, client, "jwt", confirmation)
    payload = base64url.decode(token.split(".")[1])

    other = key.sign(payload, is_bound=confirmation is None)

    assert server.is_active(client, token)
    assert not server.is_active(client, other)


def test_a_jwt_that_is_bound_to_something_unknown_is_none(server: InProcessServer) -> None:
    client, environment = server.register(), server.environment()
    key = next(iter(environment.keys.signing_keys.values()))
    payload = json.loads(base64url.decode(minted(server, client, "jwt", None).split(".")[1]))
    payload["cnf"] = {"jwk": {"kty": "oct"}}

    token = key.sign(json.dumps(payload).encode(), is_bound=True)

    assert not server.is_active(client, token)
