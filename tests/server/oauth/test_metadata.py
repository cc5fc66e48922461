"""What anybody may read: the metadata documents."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gatepass.jose.algorithms import ALGORITHMS
from gatepass.server.domain.applications.store import count_with_scope
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.server.domain.keys.operations import rotate
from gatepass.wire.credential import Mode
from gatepass.wire.metadata import INTROSPECT, PARTNER_API, REVOKE, TOKEN
from server.fixtures import GRANT, LIVE, TEST, URL, InProcessServer, open_passive_server, refused

SERVER = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"
OPENID = "/.well-known/openid-configuration"
RESOURCE = "/.well-known/oauth-protected-resource/api/partners/v2.0"

DOCUMENTS = [SERVER, OPENID, RESOURCE, JWKS, PARTNER_API + "/openapi.json"]


@pytest.mark.spec("RFC 8414", "3")
@pytest.mark.parametrize("mode", [LIVE, TEST])
@pytest.mark.parametrize("path", [SERVER, SERVER + "/"])
def test_the_server_tells_its_issuer_and_where_its_endpoints_are(
    server: InProcessServer, mode: Mode, path: str
) -> None:
    answer = server.send("GET", path, mode)
    told = answer.json()

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert told["issuer"] == URL[mode]
    assert told["token_endpoint"] == URL[mode] + TOKEN
    assert told["revocation_endpoint"] == URL[mode] + REVOKE
    assert told["introspection_endpoint"] == URL[mode] + INTROSPECT
    assert told["jwks_uri"] == URL[mode] + JWKS
    assert told["grant_types_supported"] == ["client_credentials"]
    assert told["gatepass_credential_mark"] == mode
    assert told["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ]


@pytest.mark.spec("RFC 8414", "2")
def test_response_types_are_there_and_no_endpoint_that_is_not(server: InProcessServer) -> None:
    told = server.send("GET", SERVER).json()

    assert told["response_types_supported"] == []
    assert "authorization_endpoint" not in told
    assert [name for name, value in told.items() if value in ([], None)] == [
        "response_types_supported"
    ]


@pytest.mark.spec("RFC 8414", "3.1")
@pytest.mark.parametrize("path", [OPENID, OPENID + "/"])
def test_readers_of_openid_connect_find_the_same_metadata(
    server: InProcessServer, path: str
) -> None:
    answer = server.send("GET", path)

    assert answer.content == server.send("GET", SERVER).content
    assert answer.headers["etag"] == server.send("GET", SERVER).headers["etag"]


def test_the_metadata_has_what_they_require_and_offers_no_sign_in(
    fresh_server: InProcessServer,
) -> None:
    environment = fresh_server.environment()
    before = fresh_server.send("GET", OPENID).json()
    catalogue.add_resource(environment.context, OPERATOR, "https://a.example", "A", "jwt", "RS256")

    told = fresh_server.send("GET", OPENID).json()

    assert told["subject_types_supported"] == ["public"]
    assert before["id_token_signing_alg_values_supported"] == ["ES256"]
    assert set(told["id_token_signing_alg_values_supported"]) == {
        key["alg"] for key in fresh_server.send("GET", JWKS).json()["keys"]
    }
    assert told["response_types_supported"] == []
    assert "openid" not in told["scopes_supported"]
    assert not {"authorization_endpoint", "userinfo_endpoint"} & set(told)


@pytest.mark.spec("RFC 8414", "3.1")
def test_the_documents_are_under_path_aliases_too(tmp_path: Path) -> None:
    with open_passive_server(
        tmp_path / "data", path_aliases={"token": ["/o/token/", "/a/b/token"]}
    ) as server:
        document, keys = server.send("GET", SERVER), server.send("GET", JWKS)
        for alias in ("/o", "/a/b"):
            for path in (f"{alias}{SERVER}", f"{alias}{OPENID}", f"{SERVER}{alias}"):
                assert server.send("GET", path).content == document.content
            assert server.send("GET", f"{alias}{JWKS}").content == keys.content
        assert server.send("GET", f"/x{SERVER}").status_code == 404

    assert document.json()["issuer"] == URL[LIVE]


@pytest.mark.spec("RFC 8414", "3.3")
def test_the_issuer_is_the_configured_one_whatever_the_host_header_says(tmp_path: Path) -> None:
    production = {"hosts": ("app.localhost:9000", "localhost:9000"), "issuer": ""}
    with open_passive_server(tmp_path / "data", production=production) as server:
        for host in production["hosts"]:
            told = TestClient(server.app, base_url=f"http://{host}").get(SERVER).json()

            assert told["issuer"] == "http://app.localhost:9000"
            assert told["token_endpoint"] == "http://app.localhost:9000" + TOKEN


@pytest.mark.spec("RFC 9728", "3")
@pytest.mark.parametrize("mode", [LIVE, TEST])
def test_the_partner_api_tells_which_server_it_trusts(server: InProcessServer, mode: Mode) -> None:
    answer = server.send("GET", RESOURCE, mode)

    assert answer.status_code == 200
    assert answer.json() == {
        "resource": URL[mode] + "/api/partners/v2.0",
        "authorization_servers": [URL[mode]],
        "scopes_supported": ["read", "write"],
        "bearer_methods_supported": ["header"],
    }


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_may_be_kept_for_a_while_and_read_by_any_page(
    server: InProcessServer, path: str
) -> None:
    answer = server.send("GET", path)

    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert server.send("HEAD", path).status_code == 200


@pytest.mark.spec("RFC 9110", "15.5.6")
@pytest.mark.parametrize("path", [SERVER, OPENID, RESOURCE, JWKS])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_documents_are_only_read(server: InProcessServer, path: str, method: str) -> None:
    answer = server.send(method, path, data=GRANT)

    assert refused(answer) == (405, "invalid_request")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.spec("RFC 9110", "9.3.7")
@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_page_of_any_origin_may_ask_whether_it_may_read(
    server: InProcessServer, path: str
) -> None:
    asked = {
        "Origin": "https://docs.example.com",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "if-none-match",
    }
    answer = server.send("OPTIONS", path, headers=asked)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD"
    assert answer.headers["access-control-allow-headers"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert "content-length" not in answer.headers


@pytest.mark.spec("RFC 9110", "13.1.2")
@pytest.mark.parametrize("path", DOCUMENTS)
def test_who_has_a_document_already_is_told_so(server: InProcessServer, path: str) -> None:
    whole = server.send("GET", path)
    tag = whole.headers["etag"]

    again = server.send("GET", path, headers={"If-None-Match": f'"x", W/{tag}'})

    assert (again.status_code, again.content) == (304, b"")
    assert "content-type" not in again.headers
    assert again.headers["access-control-allow-origin"] == "*"
    assert again.headers["etag"] == tag
    assert again.headers["cache-control"] == whole.headers["cache-control"]
    assert server.send("GET", path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.spec("RFC 8414", "2")
@pytest.mark.spec("RFC 9728", "2")
def test_the_documents_follow_the_catalogue(fresh_server: InProcessServer) -> None:
    environment, meters = fresh_server.environment(), "https://meters.example.com"
    before = fresh_server.send("GET", SERVER).headers["etag"]
    catalogue.add_resource(environment.context, OPERATOR, meters, "Meters")
    for name, resource, is_restricted in (
        ("meters.read", meters, False),
        ("meters.all", meters, True),
        ("bills", environment.partner_api, False),
        ("secrets", environment.partner_api, True),
    ):
        new = CataloguedScope(name, "Words", False, is_restricted, resource)
        catalogue.add_scope(environment.context, OPERATOR, new)

    server, resource_ = fresh_server.send("GET", SERVER), fresh_server.send("GET", RESOURCE)

    assert server.headers["etag"] != before
    assert set(server.json()["scopes_supported"]) == {"read", "write", "bills", "meters.read"}
    assert set(resource_.json()["scopes_supported"]) == {"read", "write", "bills"}
    catalogue.remove_scope(environment.context, OPERATOR, "bills", count_with_scope)
    assert "bills" not in fresh_server.send("GET", RESOURCE).json()["scopes_supported"]


@pytest.mark.spec("RFC 7517", "4")
@pytest.mark.spec("RFC 7517", "5")
def test_public_keys_are_published_with_their_use_and_nothing_private(
    fresh_server: InProcessServer,
) -> None:
    environment = fresh_server.environment()
    for algorithm in ALGORITHMS:
        uri = f"https://{algorithm}.example.com"
        catalogue.add_resource(environment.context, OPERATOR, uri, algorithm, "jwt", algorithm)

    answer = fresh_server.send("GET", JWKS)

    keys = answer.json()["keys"]
    assert set(answer.json()) == {"keys"}
    assert {key["alg"] for key in keys} == set(ALGORITHMS)
    assert len({key["kid"] for key in keys}) == len(keys) == len(ALGORITHMS)
    assert {key["use"] for key in keys} == {"sig"}
    public = {"kty", "use", "alg", "kid", "crv", "x", "y", "n", "e"}
    assert {name for key in keys for name in key} <= public


@pytest.mark.spec("RFC 7517", "5")
def test_the_next_key_is_published_before_it_is_used_and_one_that_leaked_no_more(
    fresh_server: InProcessServer,
) -> None:
    environment = fresh_server.environment()
    [first] = fresh_server.send("GET", JWKS).json()["keys"]

    rotate(environment.context, environment.purposes, OPERATOR, at_once=False)
    soon = fresh_server.send("GET", JWKS)
    rotate(environment.context, environment.purposes, OPERATOR, at_once=True)
    [only] = fresh_server.send("GET", JWKS).json()["keys"]

    published = soon.json()["keys"]
    assert published[0] == first
    assert len(published) == 2
    assert only not in published


def test_the_environments_publish_different_keys(server: InProcessServer) -> None:
    kids = [
        {key["kid"] for key in server.send("GET", JWKS, mode).json()["keys"]}
        for mode in (LIVE, TEST)
    ]

    assert kids[0].isdisjoint(kids[1])


@pytest.mark.spec("RFC 8705", "5")
def test_certificates_are_in_the_metadata_where_they_arrive(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "trusted_proxies": ("10.0.0.1",),
        "proxy_certificates": {"header": "Client-Cert", "form": "rfc9440"},
    }
    given["production"] = {"mtls_url": "http://mtls.localhost:8443"}
    with open_passive_server(tmp_path / "data", **given) as server:
        told = server.send("GET", SERVER).json()
        there = server.send("GET", SERVER, headers={"Host": "mtls.localhost:8443"})
        sandbox = server.send("GET", SERVER, TEST).json()

    methods = told["token_endpoint_auth_methods_supported"]
    assert methods[2:] == ["private_key_jwt", "self_signed_tls_client_auth"]
    assert told["revocation_endpoint_auth_methods_supported"] == methods
    assert told["mtls_endpoint_aliases"]["token_endpoint"] == "http://mtls.localhost:8443" + TOKEN
    assert told["mtls_endpoint_aliases"].keys() <= told.keys()
    assert told["tls_client_certificate_bound_access_tokens"] is True
    assert there.json() == told
    assert "mtls_endpoint_aliases" not in sandbox


def test_an_address_for_certificates_is_not_told_where_none_arrive(tmp_path: Path) -> None:
    production = {"mtls_url": "http://mtls.localhost:8443"}
    with open_passive_server(tmp_path / "data", production=production) as server:
        told = server.send("GET", SERVER).json()

    assert "mtls_endpoint_aliases" not in told
    assert "tls_client_certificate_bound_access_tokens" not in told
