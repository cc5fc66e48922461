"""Introspection responses as signed JWTs (RFC 9701)."""

import json
from typing import Any

import pytest

from gatepass.jose import base64url
from gatepass.jose.keys.public_key import read_key_set
from gatepass.server.domain.applications.settings import store
from gatepass.server.domain.applications.settings.model import ApplicationSettings
from gatepass.server.domain.changes import store as changes
from gatepass.server.oauth.access_token import inspect
from gatepass.server.tokens import introspection_jwt
from gatepass.wire.metadata import AUTHORIZATION_SERVER, INTROSPECT, JWKS, TOKEN
from gatepass.wire.secret import Secret
from server.assertions import with_key
from server.fixtures import Client, InProcessServer

SIGNED = "application/token-introspection+jwt"


def ask(server: InProcessServer, by: Client, token: str, accept: str = SIGNED) -> Any:  # noqa: ANN401
    body = {**by.body, "token": token}
    return server.post(INTROSPECT, data=body, headers={"Accept": accept})


def read(server: InProcessServer, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a JWT that a published key has signed."""
    first, second, third = text.split(".")
    header, claims = (json.loads(base64url.decode(each)) for each in (first, second))
    keys = read_key_set(server.send("GET", JWKS).content)
    [key] = [each for each in keys if each.kid == header["kid"]]
    alg = {"EdDSA": "Ed25519"}.get(header["alg"], header["alg"])
    assert key.verify(alg, f"{first}.{second}".encode(), base64url.decode(third))
    return header, claims


@pytest.mark.spec("RFC 9701", "5")
@pytest.mark.spec("RFC 9701", "4")
def test_a_caller_that_accepts_a_jwt_gets_the_response_signed_for_it(
    server: InProcessServer, client: Client
) -> None:
    token = server.token(client)
    plain = server.introspect(client, token).json()

    answer = ask(server, client, token)
    header, claims = read(server, answer.text)

    assert answer.headers["content-type"] == SIGNED
    assert header["typ"] == "token-introspection+jwt"
    assert claims == {
        "iss": server.environment().issuer,
        "aud": client.client_id,
        "iat": int(server.clock()),
        "token_introspection": plain,
    }


@pytest.mark.spec("RFC 9701", "5")
def test_a_token_that_is_not_active_is_nothing_more_in_the_signed_form(
    server: InProcessServer, client: Client
) -> None:
    for token in ("nonsense", server.token(server.register())):  # the second is another one's
        _, claims = read(server, ask(server, client, token).text)
        assert claims["token_introspection"] == {"active": False}


@pytest.mark.spec("RFC 9701", "4")
@pytest.mark.parametrize(
    ("accept", "is_signed"),
    [
        (SIGNED, True),
        (f"application/json;q=0.5, {SIGNED}", True),
        ("Application/Token-Introspection+JWT; q=1.0", True),
        (f"{SIGNED};q=0.2, application/json", False),
        (f"{SIGNED};q=0", False),
        (f"{SIGNED};q=one", False),
        (f"{SIGNED}x", False),
        ("*/*", False),
        ("application/*", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_the_signed_form_is_for_a_caller_that_names_it(
    server: InProcessServer, client: Client, accept: str, *, is_signed: bool
) -> None:
    answer = ask(server, client, server.token(client), accept)

    assert answer.status_code == 200
    assert (answer.headers["content-type"] == SIGNED) is is_signed


@pytest.mark.spec("RFC 9701", "6")
def test_an_application_may_get_all_responses_signed_by_its_algorithm(
    fresh_server: InProcessServer,
) -> None:
    server, client = fresh_server, fresh_server.register()
    _set(server, client, ApplicationSettings(introspection_signed_response_alg="ES256"))

    answer = ask(server, client, server.token(client), "*/*")

    assert read(server, answer.text)[0]["alg"] == "ES256"


def test_an_algorithm_without_a_key_is_an_error_and_no_plain_response(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    _set(fresh_server, client, ApplicationSettings(introspection_signed_response_alg="PS512"))

    answer = ask(fresh_server, client, fresh_server.token(client), "*/*")

    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"


@pytest.mark.spec("RFC 9701", "8.1")
def test_a_signed_response_is_neither_an_access_token_nor_an_assertion(
    server: InProcessServer, client: Client
) -> None:
    text = ask(server, client, server.token(client)).text

    assert inspect(server.environment(), Secret(text)) is None
    assert server.introspect(client, text).json() == {"active": False}
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "client_credentials", "client_id": client.client_id}
    proof = {"client_assertion_type": kind, "client_assertion": text}
    assert server.post(TOKEN, data=form | proof).status_code == 401


@pytest.mark.spec("RFC 9701", "8.1")
def test_an_assertion_of_this_type_is_refused(server: InProcessServer) -> None:
    by = with_key(server)
    assert server.post(TOKEN, data=_grant(by.form())).status_code == 200

    text = by.assertion(header={"typ": introspection_jwt.TYPE})

    assert server.post(TOKEN, data=_grant(by.form(text))).status_code == 401


@pytest.mark.spec("RFC 9701", "7")
def test_the_metadata_names_the_algorithms(server: InProcessServer) -> None:
    document = server.send("GET", AUTHORIZATION_SERVER).json()
    keys = server.send("GET", JWKS).json()["keys"]

    assert set(document["introspection_signing_alg_values_supported"]) == {
        each["alg"] for each in keys
    }


def _grant(form: dict[str, str]) -> dict[str, str]:
    return {"grant_type": "client_credentials"} | form


def _set(server: InProcessServer, client: Client, new: ApplicationSettings) -> None:
    environment = server.environment()
    with environment.database.write() as connection:
        store.put(connection, client.application.id, new)
        subject = str(client.application.id)
        changes.record(connection, changes.APPLICATION, subject, environment.now())
    environment.refresh()
