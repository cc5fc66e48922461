"""Clients of others that sign (`private_key_jwt`), unmodified, some with DPoP as well."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import requests
import requests_oauth2client as oauth2client
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # type: ignore[import-untyped]
from joserfc.jwk import ECKey

from clients.partner import Partner
from server_process import Server

PROGRAMS = {
    "openid-client": Path(__file__).parent / "openid_client_key.mjs",
    "oauth4webapi": Path(__file__).parent / "oauth4webapi_client.mjs",
}


class PrivateJwk(dict[str, Any]):
    """A private key as JWK, which no failed test prints."""

    def __repr__(self) -> str:
        return "PrivateJwk"


pytestmark = pytest.mark.spec("RFC 7523", "2.2")


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients speak to a server on this machine without TLS and without a proxy."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")


@pytest.fixture(scope="module")
def key(server: Server, partner: Partner) -> PrivateJwk:
    """The private key of the partner's application, as the server shows it once."""
    made = ("application", "key", "generate", partner.client_id, "--name", "Third party", "--json")
    ran = server.run(*made)
    assert ran.status == 0, ran.err
    return PrivateJwk(json.loads(json.loads(ran.out)["private_jwk"]))


def test_authlib_gets_a_token_and_calls_the_api(partner: Partner, key: PrivateJwk) -> None:
    # Its defaults are the token endpoint for an audience, and an hour; it keeps the jti.
    claims = {"aud": partner.issuer, "exp": int(time.time()) + 60}
    signed = PrivateKeyJWT(
        partner.token_url, alg="ES256", claims=claims, headers={"kid": key["kid"]}
    )
    with AuthlibSession(
        partner.client_id,
        ECKey.import_key(key),
        token_endpoint_auth_method="private_key_jwt",
        scope="read",
    ) as session:
        session.register_client_auth_method(signed)
        token = session.fetch_token(partner.token_url, grant_type="client_credentials")
        called = session.get(partner.api_url)

    assert (token["token_type"], token["scope"]) == ("Bearer", "read")
    assert (called.status_code, called.json()["id"]) == (200, partner.org_id)


@pytest.mark.parametrize("dpop", [False, True])
def test_requests_oauth2client_gets_a_token_and_calls_the_api(
    partner: Partner, key: PrivateJwk, *, dpop: bool
) -> None:
    client = oauth2client.OAuth2Client(
        partner.token_url,
        oauth2client.PrivateKeyJwt(partner.client_id, key, aud=partner.issuer),
        introspection_endpoint=partner.introspect_url,
        revocation_endpoint=partner.revoke_url,
        dpop_bound_access_tokens=dpop,
        testing=True,  # http on this machine
    )
    token = client.client_credentials(scope="read")
    called = requests.get(partner.api_url, auth=token, timeout=30)
    about = client.introspect_token(token.access_token)

    assert token.token_type == ("DPoP" if dpop else "Bearer")
    assert (called.status_code, called.json()["id"]) == (200, partner.org_id)
    assert about["active"]
    assert client.revoke_access_token(token.access_token)


@pytest.mark.parametrize("dpop", [False, True])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_client_of_npm_discovers_gets_a_token_calls_introspects_and_revokes(
    node: str, partner: Partner, key: PrivateJwk, program: str, *, dpop: bool
) -> None:
    given = {
        "issuer": partner.issuer,
        "client_id": partner.client_id,
        "api_url": partner.api_url,
        "key": {name: key[name] for name in ("kty", "crv", "x", "y", "d", "kid")},
        "dpop": dpop,
    }
    ran = subprocess.run(
        [node, str(PROGRAMS[program])],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "token_type": "dpop" if dpop else "bearer",  # as the libraries write it
        "called": {"status": 200, "id": partner.org_id},
        "introspected": {"active": True, "token_type": "DPoP" if dpop else "Bearer"},
        "revoked": True,
    }
