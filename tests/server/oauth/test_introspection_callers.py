"""Who may introspect by an access token in place of a secret, and what they read (RFC 7662)."""

from collections.abc import Callable

import pytest
from httpx2 import Response
from structlog.testing import capture_logs

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.wire.metadata import INTROSPECT
from gatepass.wire.scope import Scope
from server.fixtures import INTROSPECTION, TEST, Client, InProcessServer, refused

INVALID = 'error="invalid_token"'
BOTH = Scope(("read", "introspection"))


def shown(server: InProcessServer, caller: str, token: str, **more: str) -> Response:
    headers = {"Authorization": f"Bearer {caller}"}
    return server.post(INTROSPECT, data={"token": token} | more, headers=headers)


def resource_server(server: InProcessServer) -> Client:
    return server.register(scope=BOTH, allowed=BOTH)


@pytest.mark.spec("RFC 7662", "2.1")
def test_a_token_with_the_scope_introspection_introspects_as_its_application_does(
    server: InProcessServer, client: Client
) -> None:
    api = resource_server(server)
    token, caller = server.token(client), server.token(api)

    by_token = shown(server, caller, token)

    assert by_token.status_code == 200
    assert by_token.json()["active"] is True
    assert by_token.content == server.introspect(api, token).content
    assert shown(server, caller, "nonsense").json() == {"active": False}


@pytest.mark.spec("RFC 7662", "2.3")
@pytest.mark.spec("RFC 6750", "3.1")
def test_a_token_without_that_scope_is_refused_with_401(
    server: InProcessServer, client: Client
) -> None:
    api = resource_server(server)
    token = server.token(client)

    for caller in (token, server.token(api, scope="read")):
        answer = shown(server, caller, token)
        assert refused(answer) == (401, "insufficient_scope")
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith("Bearer ")
        assert 'scope="introspection"' in challenge


@pytest.mark.spec("RFC 7662", "2.3")
@pytest.mark.spec("RFC 6750", "3.1")
def test_a_token_that_is_not_active_is_refused_with_401(fresh_server: InProcessServer) -> None:
    token = fresh_server.token(fresh_server.register())
    ends: dict[str, Callable[[Client, str], object]] = {
        "revoked": fresh_server.revoke,
        "disabled": lambda client, _: applications.set_enabled(
            fresh_server.environment().context,
            OPERATOR,
            client.application.id,
            enabled=False,
            org_id=None,
        ),
        "expired": lambda _, __: fresh_server.clock.advance(36000),
    }
    for name, end in ends.items():
        api = resource_server(fresh_server)
        caller = fresh_server.token(api)
        assert shown(fresh_server, caller, token).status_code == 200
        end(api, caller)
        fresh_server.environment().catch_up()
        answer = shown(fresh_server, caller, token)
        assert refused(answer) == (401, "invalid_token"), name
        assert INVALID in answer.headers["www-authenticate"]


@pytest.mark.spec("RFC 6750", "2.1")
@pytest.mark.parametrize("caller", ["", " ", "x", "\u00e9", "a b", "a,b", "gpa_live_x"])
def test_what_is_no_token_is_refused(server: InProcessServer, caller: str) -> None:
    headers = {b"Authorization": b"Bearer " + caller.encode("latin-1")}
    answer = server.post(INTROSPECT, data={"token": "x"}, headers=headers)

    assert 400 <= answer.status_code <= 401
    assert set(answer.json()) == {"error", "error_description"}


@pytest.mark.spec("RFC 7662", "2.1")
def test_a_token_of_the_other_environment_is_refused(
    server: InProcessServer, client: Client
) -> None:
    api = server.register(TEST, scope=INTROSPECTION, allowed=INTROSPECTION)
    answer = shown(server, server.token(api, TEST), server.token(client))

    assert refused(answer) == (401, "invalid_token")


@pytest.mark.spec("RFC 8707", "2")
def test_a_token_for_another_resource_is_refused(fresh_server: InProcessServer) -> None:
    environment, meters = fresh_server.environment(), "https://meters.example.com"
    catalogue.add_resource(environment.context, OPERATOR, meters, "Meters")
    scope = CataloguedScope("meters", "Words", False, False, meters)
    catalogue.add_scope(environment.context, OPERATOR, scope)
    allowed = Scope(("meters", "introspection"))
    api = fresh_server.register(scope=allowed, allowed=allowed)

    caller = fresh_server.token(api, resource=meters)

    assert refused(shown(fresh_server, caller, caller)) == (401, "invalid_token")


def test_a_token_is_refused_from_outside_the_networks_of_its_application(
    fresh_server: InProcessServer,
) -> None:
    api = resource_server(fresh_server)
    caller = fresh_server.token(api)
    networks = check_networks("198.51.100.0/24")
    app_id = api.application.id
    applications.change(
        fresh_server.environment().context, OPERATOR, app_id, None, networks=networks
    )
    fresh_server.environment().catch_up()

    assert refused(shown(fresh_server, caller, caller)) == (401, "invalid_token")


@pytest.mark.spec("RFC 6749", "2.3")
def test_a_token_beside_a_secret_is_two_ways(server: InProcessServer, client: Client) -> None:
    caller = server.token(resource_server(server))

    answer = shown(server, caller, caller, **client.body)

    assert refused(answer) == (400, "invalid_request")
    assert shown(server, caller, caller, client_id=client.client_id).status_code == 200


@pytest.mark.spec("RFC 7662", "2.1")
def test_without_a_token_to_introspect_the_request_is_invalid(server: InProcessServer) -> None:
    caller = server.token(resource_server(server))

    assert refused(shown(server, caller, "")) == (400, "invalid_request")


def test_a_refused_token_is_in_no_log(server: InProcessServer, client: Client) -> None:
    caller = server.token(client)
    with capture_logs() as logged:
        answer = shown(server, caller, caller)

    assert [each["event"] for each in logged] == ["client.refused"]
    assert caller not in f"{logged}{answer.text}{answer.headers}"


@pytest.mark.spec("RFC 9110", "12.5.1")
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/json", "text/json; charset=utf-8"),
        ("text/json, text/plain;q=0.5", "text/json; charset=utf-8"),
        ("application/json, text/json", "application/json"),
        ("text/json, application/*", "application/json"),
        ("text/json, */*;q=0.1", "application/json"),
        ("application/json", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_who_reads_text_json_alone_gets_that(
    server: InProcessServer, client: Client, accept: str, expected: str
) -> None:
    token = server.token(client)
    for asked_about, is_active in ((token, True), ("nonsense", False)):
        form = {"token": asked_about}
        answer = server.post(INTROSPECT, by=client, data=form, headers={"Accept": accept})

        assert answer.headers["content-type"] == expected
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["active"] is is_active


def test_a_request_in_text_json_is_read(server: InProcessServer, client: Client) -> None:
    headers = {"Content-Type": "text/json; charset=utf-8"}
    answer = server.post(INTROSPECT, by=client, content=b'{"token": "x"}', headers=headers)

    assert answer.json() == {"active": False}


def test_the_metadata_says_that_a_bearer_token_introspects(server: InProcessServer) -> None:
    told = server.send("GET", "/.well-known/oauth-authorization-server").json()

    assert told["introspection_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "Bearer",
    ]
