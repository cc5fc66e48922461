"""Authlib and requests-oauthlib, as their documentation shows them."""

from collections.abc import Iterator

import pytest
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession  # type: ignore[import-untyped]
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError  # type: ignore[import-untyped]
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session  # type: ignore[import-untyped]

from clients.partner import Partner

METHODS = ["client_secret_basic", "client_secret_post"]


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the clients speak to a server on this machine without TLS and without a proxy."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    return iter(())


def authlib(partner: Partner, secret: str, method: str = METHODS[0]) -> AuthlibSession:
    return AuthlibSession(
        partner.client_id,
        secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope="read",
    )


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.parametrize("method", METHODS)
def test_authlib_gets_a_token_calls_the_api_and_revokes_it(partner: Partner, method: str) -> None:
    with authlib(partner, partner.secret, method) as session:
        token = session.fetch_token(partner.token_url, grant_type="client_credentials")
        assert (token["token_type"], token["scope"]) == ("Bearer", "read")

        called = session.get(partner.api_url)
        assert (called.status_code, called.json()["id"]) == (200, partner.org_id)
        about = session.introspect_token(partner.introspect_url, token=token["access_token"])
        assert about.json()["client_id"] == partner.client_id
        revoked = session.revoke_token(partner.revoke_url, token=token["access_token"])
        assert revoked.status_code == 200
        assert session.get(partner.api_url).status_code == 401


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("method", METHODS)
def test_authlib_with_a_wrong_secret_is_told_so(partner: Partner, method: str) -> None:
    with (
        authlib(partner, "wrong", method) as session,
        pytest.raises(OAuthError, match="Client authentication failed") as caught,
    ):
        session.fetch_token(partner.token_url, grant_type="client_credentials")

    assert caught.value.error == "invalid_client"


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize("in_body", [True, False])
def test_requests_oauthlib_gets_a_token_and_calls_the_api(
    partner: Partner, *, in_body: bool
) -> None:
    client = BackendApplicationClient(client_id=partner.client_id, scope=["read"])
    with OAuth2Session(client=client) as session:
        how = (
            {"client_secret": partner.secret, "include_client_id": True}
            if in_body
            else {"auth": HTTPBasicAuth(partner.client_id, partner.secret)}
        )
        token = session.fetch_token(partner.token_url, **how)
        assert (token["token_type"], token["expires_in"]) == ("Bearer", 36000)

        called = session.get(partner.api_url)
        assert (called.status_code, called.json()["id"]) == (200, partner.org_id)
        assert session.delete(f"{partner.api_url}/users/{partner.org_id}").status_code == 403


@pytest.mark.spec("RFC 7009", "2.1")
def test_requests_oauthlib_prepares_a_revocation(partner: Partner) -> None:
    client = BackendApplicationClient(client_id=partner.client_id)
    with OAuth2Session(client=client) as session:
        auth = HTTPBasicAuth(partner.client_id, partner.secret)
        token = session.fetch_token(partner.token_url, auth=auth)["access_token"]
        # The library wants https here and has no switch, so the address is put right after.
        url, headers, body = client.prepare_token_revocation_request(
            partner.revoke_url.replace("http:", "https:"), token
        )
        revoked = session.post(
            url.replace("https:", "http:"), body, headers=headers, auth=auth, withhold_token=True
        )

        assert revoked.status_code == 200
        assert session.get(partner.api_url).status_code == 401


@pytest.mark.spec("RFC 6749", "5.2")
def test_requests_oauthlib_with_a_wrong_secret_is_told_so(partner: Partner) -> None:
    client = BackendApplicationClient(client_id=partner.client_id)
    with OAuth2Session(client=client) as session, pytest.raises(InvalidClientError) as caught:
        session.fetch_token(partner.token_url, auth=HTTPBasicAuth(partner.client_id, "wrong"))

    assert caught.value.description == "Client authentication failed."
