"""What anybody may read: the metadata documents."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gatepass.wire.credential import Mark
from gatepass.wire.metadata import INTROSPECT, REVOKE, TOKEN
from server.stand import GRANT, LIVE, TEST, URL, Stand, refused, standing_still

SERVER = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource/api/partners/v2.0"


@pytest.mark.spec("RFC 8414", "3")
@pytest.mark.parametrize("mark", [LIVE, TEST])
@pytest.mark.parametrize("path", [SERVER, SERVER + "/"])
def test_the_server_tells_its_issuer_and_where_its_endpoints_are(
    stand: Stand, mark: Mark, path: str
) -> None:
    answer = stand.send("GET", path, mark)
    told = answer.json()

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert told["issuer"] == URL[mark]
    assert told["token_endpoint"] == URL[mark] + TOKEN
    assert told["revocation_endpoint"] == URL[mark] + REVOKE
    assert told["introspection_endpoint"] == URL[mark] + INTROSPECT
    assert told["grant_types_supported"] == ["client_credentials"]
    assert told["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
    ]


@pytest.mark.spec("RFC 8414", "2")
def test_response_types_are_there_and_no_endpoint_that_is_not(stand: Stand) -> None:
    told = stand.send("GET", SERVER).json()

    assert told["response_types_supported"] == []
    assert "authorization_endpoint" not in told
    assert [name for name, value in told.items() if value in ([], None)] == [
        "response_types_supported"
    ]


@pytest.mark.spec("RFC 8414", "3.3")
def test_the_issuer_is_the_configured_one_whatever_the_host_header_says(tmp_path: Path) -> None:
    production = {"hosts": ("app.localhost:9000", "localhost:9000"), "issuer": ""}
    with standing_still(tmp_path / "data", production=production) as stand:
        for host in production["hosts"]:
            told = TestClient(stand.app, base_url=f"http://{host}").get(SERVER).json()

            assert told["issuer"] == "http://app.localhost:9000"
            assert told["token_endpoint"] == "http://app.localhost:9000" + TOKEN


@pytest.mark.spec("RFC 9728", "3")
@pytest.mark.parametrize("mark", [LIVE, TEST])
def test_the_partner_api_tells_which_server_it_trusts(stand: Stand, mark: Mark) -> None:
    answer = stand.send("GET", RESOURCE, mark)

    assert answer.status_code == 200
    assert answer.json() == {
        "resource": URL[mark] + "/api/partners/v2.0",
        "authorization_servers": [URL[mark]],
        "scopes_supported": ["read", "write"],
        "bearer_methods_supported": ["header"],
    }


@pytest.mark.parametrize("path", [SERVER, RESOURCE])
def test_documents_may_be_kept_for_a_while_and_read_by_any_page(stand: Stand, path: str) -> None:
    answer = stand.send("GET", path)

    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert stand.send("HEAD", path).status_code == 200


@pytest.mark.spec("RFC 9110", "15.5.6")
@pytest.mark.parametrize("path", [SERVER, RESOURCE])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_documents_are_only_read(stand: Stand, path: str, method: str) -> None:
    answer = stand.send(method, path, data=GRANT)

    assert refused(answer) == (405, "invalid_request")
    assert answer.headers["allow"] == "GET, HEAD"
