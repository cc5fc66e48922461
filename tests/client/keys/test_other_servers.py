"""Assertions for servers of others: what their metadata say, and what their endpoints accept.

The shapes are those of the servers' documentation: Keycloak 26, Auth0, Okta and Entra ID.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import pytest

from client.keys.key_server import header_of
from client.tls_server import issue
from gatepass.client.errors import TokenRefused
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.drivers import Step
from gatepass.client.tokens.request import RetryLimits, request_token
from gatepass.jose import compact
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.wire.flow import Request, Response, run

TENANT = "72f988bf-0000-0000-0000-2d7cd011db47"
ENTRA = f"https://login.microsoftonline.com/{TENANT}"


@dataclass(frozen=True)
class Shape:
    """A server: its documents by address, the settings that it needs, what it wants to see."""

    token_url: str
    audience: str
    documents: Mapping[str, Mapping[str, object]]
    settings: Mapping[str, str] = field(default_factory=dict)
    alg: str = "RS256"
    refusal: tuple[int, str, str] = (401, "invalid_client", "")
    with_certificate: bool = False


def metadata(issuer: str, token_url: str, *methods: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "token_endpoint": token_url,
        "token_endpoint_auth_methods_supported": ["private_key_jwt", *methods],
    }


KEYCLOAK = "https://sso.example.com/realms/acme"
OKTA = "https://acme.okta.com"
SHAPES = {
    "keycloak": Shape(
        f"{KEYCLOAK}/protocol/openid-connect/token",
        KEYCLOAK,
        {
            f"{KEYCLOAK}/.well-known/openid-configuration": metadata(
                KEYCLOAK, f"{KEYCLOAK}/protocol/openid-connect/token", "tls_client_auth"
            )
        },
        alg="PS256",
        refusal=(401, "unauthorized_client", "Invalid client or Invalid client credentials"),
    ),
    "auth0": Shape(
        "https://acme.eu.auth0.com/oauth/token",
        "https://acme.eu.auth0.com/",
        {
            "https://acme.eu.auth0.com/.well-known/openid-configuration": metadata(
                "https://acme.eu.auth0.com/", "https://acme.eu.auth0.com/oauth/token"
            )
        },
        {"private_key_id": "by-auth0", "private_key_alg": "RS256"},
        refusal=(401, "invalid_client", "Client authentication failed"),
    ),
    "okta, its own API": Shape(
        f"{OKTA}/oauth2/v1/token",
        f"{OKTA}/oauth2/v1/token",
        {
            f"{OKTA}/.well-known/oauth-authorization-server": metadata(
                OKTA, f"{OKTA}/oauth2/v1/token"
            )
        },
        {
            "assertion_audience": "token_endpoint",
            "private_key_id": "by-okta",
            "private_key_alg": "RS256",
        },
        refusal=(401, "invalid_client", "The audience claim for client_assertion must be ..."),
    ),
    "okta, a server of one's own": Shape(
        f"{OKTA}/oauth2/default/v1/token",
        f"{OKTA}/oauth2/default",
        {
            f"{OKTA}/oauth2/default/.well-known/openid-configuration": metadata(
                f"{OKTA}/oauth2/default", f"{OKTA}/oauth2/default/v1/token"
            )
        },
        alg="ES256",
    ),
    "entra": Shape(
        f"{ENTRA}/oauth2/v2.0/token",
        f"{ENTRA}/oauth2/v2.0/token",
        {  # of its old endpoint, whose issuer is at another address
            f"{ENTRA}/.well-known/openid-configuration": metadata(
                f"https://sts.windows.net/{TENANT}/", f"{ENTRA}/oauth2/token"
            )
        },
        alg="PS256",
        refusal=(401, "invalid_client", "AADSTS700027: The certificate ... is not registered"),
        with_certificate=True,
    ),
}


class Server:
    """Answers as a shape says; `is_known` is whether it has the key."""

    def __init__(self, shape: Shape, *, is_known: bool = True) -> None:
        self.shape, self.is_known = shape, is_known
        self.form: dict[str, str] = {}

    def __call__(self, step: Step) -> Response:
        assert isinstance(step, Request)
        if step.method == "GET":
            document = self.shape.documents.get(step.url)
            return Response(200 if document else 404, {}, json.dumps(document or {}).encode())
        assert step.url == self.shape.token_url
        self.form = dict(parse_qsl(step.body.decode()))
        if not self.is_known:
            status, error, text = self.shape.refusal
            body = {"error": error, "error_description": text}
            return Response(status, {}, json.dumps(body).encode())
        granted = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600}
        return Response(200, {}, json.dumps(granted).encode())


def ask(server: Server, key: PrivateKey) -> None:
    shape = server.shape
    text = key.pem() + (issue("acme").pem.decode() if shape.with_certificate else "")
    settings = ClientSettings(shape.token_url, "acme", private_key=text, **shape.settings)  # type: ignore[arg-type]
    credential = settings.read_key(settings.key_sources[0])
    limits = RetryLimits(100.0, max_attempts=1)
    run(request_token(settings, credential, limits, lambda: 0.0, lambda: 0.5), server)


@pytest.fixture(scope="module")
def keys() -> dict[str, PrivateKey]:
    return {alg: PrivateKey.generate(alg) for alg in ("RS256", "PS256", "ES256")}


@pytest.mark.parametrize("name", SHAPES)
def test_an_assertion_has_what_the_server_wants(name: str, keys: dict[str, PrivateKey]) -> None:
    server = Server(SHAPES[name])
    ask(server, keys[server.shape.alg])

    jws = compact.parse(server.form["client_assertion"])
    assert jws.alg == server.shape.alg
    assert jws.claims["aud"] == server.shape.audience
    assert jws.claims["iss"] == jws.claims["sub"] == server.form["client_id"] == "acme"
    assert jws.kid == server.shape.settings.get("private_key_id", jws.kid)
    assert ("x5t#S256" in header_of(server.form["client_assertion"])) == (
        server.shape.with_certificate
    )
    assert "client_secret" not in server.form


@pytest.mark.parametrize("name", SHAPES)
def test_a_refusal_is_known_as_one_of_the_key(name: str, keys: dict[str, PrivateKey]) -> None:
    server = Server(SHAPES[name], is_known=False)
    with pytest.raises(TokenRefused) as caught:
        ask(server, keys[server.shape.alg])

    assert caught.value.is_of_the_secret
    assert f"assertions for {server.shape.audience}" in str(caught.value)
    assert server.shape.refusal[2] in str(caught.value)


HOST = "https://app.example.com"
TOKEN_URL = f"{HOST}/token"
HOSTILE: list[bytes] = [
    b"",
    b"<html>",
    b"null",
    b"[" * 100_000,
    b'{"issuer": 1}',
    b'{"issuer": "https://bank.example", "token_endpoint": "https://app.example.com/token"}',
    b'{"issuer": "https://app.example.com.evil", "token_endpoint": "https://app.example.com/token"}',
    b'{"issuer": "https://app.example.com", "token_endpoint": "https://bank.example/token"}',
    b'{"issuer": "https://app.example.com", "token_endpoint": ["https://app.example.com/token"]}',
    b'{"issuer": "https://app.example.com"}',
    b"\xff\xfe\x00",
    b'{"issuer": "https://app.example.com"' + b" " * 70_000,
]


@pytest.mark.spec("RFC 8414", "3.3")
@pytest.mark.parametrize("status", [200, 302, 404])
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_metadata_that_are_not_of_this_server_never_choose_the_audience(
    body: bytes, status: int, keys: dict[str, PrivateKey]
) -> None:
    forms: list[dict[str, str]] = []

    def answer(step: Step) -> Response:
        assert isinstance(step, Request)
        assert step.url.startswith(f"{HOST}/")
        if step.method == "GET":
            return Response(status, {"location": "https://bank.example"}, body)
        forms.append(dict(parse_qsl(step.body.decode())))
        return Response(200, {}, b'{"access_token": "t", "token_type": "Bearer"}')

    settings = ClientSettings(TOKEN_URL, "acme", private_key=keys["ES256"].pem())
    credential = settings.read_key(settings.key_sources[0])
    run(request_token(settings, credential, RetryLimits(9.0), lambda: 0.0, lambda: 0.5), answer)

    assert compact.parse(forms[0]["client_assertion"]).claims["aud"] == TOKEN_URL
