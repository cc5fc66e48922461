"""Clients of others that authenticate by a certificate (RFC 8705), unmodified, by the server's TLS.

The server's port for certificates is found by `mtls_endpoint_aliases`; each token is bound to the
certificate, and an API behind a guard takes it on a connection with that certificate alone.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import requests_oauth2client as oauth2client
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession  # type: ignore[import-untyped]

from clients.mutual.setting import METHODS, Mutual, mutual

PROGRAMS = {
    "openid-client": Path(__file__).parent / "openid_client_mutual.mjs",
    "oauth4webapi": Path(__file__).parent / "oauth4webapi_mutual.mjs",
}
__all__ = ["mutual"]  # a fixture

_METADATA = "/.well-known/oauth-authorization-server"


@pytest.fixture(autouse=True)
def without_proxy_and_other_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests prefers these to its `verify`
        monkeypatch.delenv(name, raising=False)


def metadata(mutual: Mutual) -> dict[str, Any]:
    """Return what a client knows from the metadata, with the aliases in place of the addresses."""
    answer = requests.get(mutual.issuer + _METADATA, verify=str(mutual.root), timeout=30)
    document: dict[str, Any] = answer.json()
    assert set(METHODS) <= set(document["token_endpoint_auth_methods_supported"])
    document.update(document["mtls_endpoint_aliases"])
    return document


def session(mutual: Mutual, certificate: Path) -> requests.Session:
    made = requests.Session()
    made.verify, made.cert = str(mutual.root), str(certificate)
    return made


@pytest.mark.spec("RFC 8705", "2.1")
@pytest.mark.spec("RFC 8705", "2.2")
@pytest.mark.spec("RFC 8705", "3")
@pytest.mark.parametrize("method", METHODS)
def test_requests_oauth2client_gets_a_token_that_is_of_use_with_its_certificate_alone(
    mutual: Mutual, method: str
) -> None:
    client = mutual.clients[method]
    with session(mutual, client.certificate) as own, session(mutual, mutual.other) as others:
        # It has no class for certificates: they are the session's, and the body has the client id.
        partner = oauth2client.OAuth2Client.from_discovery_document(
            metadata(mutual),
            issuer=mutual.issuer,
            auth=oauth2client.PublicApp(client.client_id),
            session=own,
        )
        token = partner.client_credentials(scope="read")
        called = [each.get(mutual.api_url, auth=token).status_code for each in (own, others)]
        about = partner.introspect_token(token.access_token)
        assert partner.revoke_access_token(token.access_token)

    assert token.token_type == "Bearer"
    assert called == [200, 401]
    assert set(about["cnf"]) == {"x5t#S256"}


@pytest.mark.spec("RFC 8705", "2")
@pytest.mark.parametrize("method", METHODS)
def test_requests_oauth2client_with_another_certificate_gets_no_token(
    mutual: Mutual, method: str
) -> None:
    with session(mutual, mutual.other) as others:
        partner = oauth2client.OAuth2Client.from_discovery_document(
            metadata(mutual),
            auth=oauth2client.PublicApp(mutual.clients[method].client_id),
            session=others,
        )
        with pytest.raises(oauth2client.InvalidClient):
            partner.client_credentials(scope="read")


@pytest.mark.spec("RFC 8705", "3")
@pytest.mark.parametrize("method", METHODS)
def test_authlib_gets_a_token_that_is_of_use_with_its_certificate_alone(
    mutual: Mutual, method: str
) -> None:
    client, endpoints = mutual.clients[method], metadata(mutual)
    with (
        AuthlibSession(client.client_id, token_endpoint_auth_method="none", scope="read") as own,
        session(mutual, mutual.other) as others,
    ):
        own.verify, own.cert = str(mutual.root), str(client.certificate)
        token = own.fetch_token(endpoints["token_endpoint"], grant_type="client_credentials")
        called = own.get(mutual.api_url)
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        with_another = others.get(mutual.api_url, headers=headers)

    assert token["token_type"] == "Bearer"
    assert (called.status_code, with_another.status_code) == (200, 401)


@pytest.mark.spec("RFC 8705", "3")
@pytest.mark.spec("RFC 8705", "5")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_client_of_npm_finds_the_port_for_certificates_and_gets_a_bound_token(
    node: str, mutual: Mutual, program: str, method: str
) -> None:
    ran = subprocess.run(
        [node, str(PROGRAMS[program])],
        input=json.dumps(mutual.given(method)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "token_type": "bearer",  # as the libraries write it
        "called": 200,
        "with_another": 401,
        "introspected": {"active": True, "bound": ["x5t#S256"]},
        "revoked": True,
    }
