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


def shown(stand: InProcessServer, caller: str, token: str, **more: str) -> Response:
    headers = {"Authorization": f"Bearer {caller}"}
    return stand.post(INTROSPECT, data={"token": token} | more, headers=headers)


def resource_server(stand: InProcessServer) -> Client:
    return stand.register(scope=BOTH, allowed=BOTH)


@pytest.mark.spec("RFC 7662", "2.1")
def test_a_token_with_the_scope_introspection_introspects_as_its_application_does(
    stand: InProcessServer, client: Client
) -> None:
    server = resource_server(stand)
    token, caller = stand.token(client), stand.token(server)

    by_token = shown(stand, caller, token)

    assert by_token.status_code == 200
    assert by_token.json()["active"] is True
    assert by_token.content == stand.introspect(server, token).content
    assert shown(stand, caller, "nonsense").json() == {"active": False}


@pytest.mark.spec("RFC 7662", "2.3")
@pytest.mark.spec("RFC 6750", "3.1")
def test_a_token_without_that_scope_is_refused_with_401(
    stand: InProcessServer, client: Client
) -> None:
    server = resource_server(stand)
    token = stand.token(client)

    for caller in (token, stand.token(server, scope="read")):
        answer = shown(stand, caller, token)
        assert refused(answer) == (401, "insufficient_scope")
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith("Bearer ")
        assert 'scope="introspection"' in challenge


@pytest.mark.spec("RFC 7662", "2.3")
@pytest.mark.spec("RFC 6750", "3.1")
def test_a_token_that_is_not_active_is_refused_with_401(fresh: InProcessServer) -> None:
    token = fresh.token(fresh.register())
    ends: dict[str, Callable[[Client, str], object]] = {
        "revoked": fresh.revoke,
        "disabled": lambda client, _: applications.set_enabled(
            fresh.environment().context, OPERATOR, client.application.id, enabled=False, org_id=None
        ),
        "expired": lambda _, __: fresh.clock.advance(36000),
    }
    for name, end in ends.items():
        server = resource_server(fresh)
        caller = fresh.token(server)
        assert shown(fresh, caller, token).status_code == 200
        end(server, caller)
        fresh.environment().catch_up()
        answer = shown(fresh, caller, token)
        assert refused(answer) == (401, "invalid_token"), name
        assert INVALID in answer.headers["www-authenticate"]


@pytest.mark.spec("RFC 6750", "2.1")
@pytest.mark.parametrize("caller", ["", " ", "x", "\u00e9", "a b", "a,b", "gpa_live_x"])
def test_what_is_no_token_is_refused(stand: InProcessServer, caller: str) -> None:
    headers = {b"Authorization": b"Bearer " + caller.encode("latin-1")}
    answer = stand.post(INTROSPECT, data={"token": "x"}, headers=headers)

    assert 400 <= answer.status_code <= 401
    assert set(answer.json()) == {"error", "error_description"}


@pytest.mark.spec("RFC 7662", "2.1")
def test_a_token_of_the_other_environment_is_refused(
    stand: InProcessServer, client: Client
) -> None:
    server = stand.register(TEST, scope=INTROSPECTION, allowed=INTROSPECTION)
    answer = shown(stand, stand.token(server, TEST), stand.token(client))

    assert refused(answer) == (401, "invalid_token")


@pytest.mark.spec("RFC 8707", "2")
def test_a_token_for_another_resource_is_refused(fresh: InProcessServer) -> None:
    environment, meters = fresh.environment(), "https://meters.example.com"
    catalogue.add_resource(environment.context, OPERATOR, meters, "Meters")
    scope = CataloguedScope("meters", "Words", False, False, meters)
    catalogue.add_scope(environment.context, OPERATOR, scope)
    allowed = Scope(("meters", "introspection"))
    server = fresh.register(scope=allowed, allowed=allowed)

    caller = fresh.token(server, resource=meters)

    assert refused(shown(fresh, caller, caller)) == (401, "invalid_token")


def test_a_token_is_refused_from_outside_the_networks_of_its_application(
    fresh: InProcessServer,
) -> None:
    server = resource_server(fresh)
    caller = fresh.token(server)
    networks = check_networks("198.51.100.0/24")
    app_id = server.application.id
    applications.change(fresh.environment().context, OPERATOR, app_id, None, networks=networks)
    fresh.environment().catch_up()

    assert refused(shown(fresh, caller, caller)) == (401, "invalid_token")


@pytest.mark.spec("RFC 6749", "2.3")
def test_a_token_beside_a_secret_is_two_ways(stand: InProcessServer, client: Client) -> None:
    caller = stand.token(resource_server(stand))

    answer = shown(stand, caller, caller, **client.body)

    assert refused(answer) == (400, "invalid_request")
    assert shown(stand, caller, caller, client_id=client.client_id).status_code == 200


@pytest.mark.spec("RFC 7662", "2.1")
def test_without_a_token_to_introspect_the_request_is_invalid(stand: InProcessServer) -> None:
    caller = stand.token(resource_server(stand))

    assert refused(shown(stand, caller, "")) == (400, "invalid_request")


def test_a_refused_token_is_in_no_log(stand: InProcessServer, client: Client) -> None:
    caller = stand.token(client)
    with capture_logs() as logged:
        answer = shown(stand, caller, caller)

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
    stand: InProcessServer, client: Client, accept: str, expected: str
) -> None:
    token = stand.token(client)
    for asked_about, is_active in ((token, True), ("nonsense", False)):
        form = {"token": asked_about}
        answer = stand.post(INTROSPECT, by=client, data=form, headers={"Accept": accept})

        assert answer.headers["content-type"] == expected
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["active"] is is_active


def test_a_request_in_text_json_is_read(stand: InProcessServer, client: Client) -> None:
    headers = {"Content-Type": "text/json; charset=utf-8"}
    answer = stand.post(INTROSPECT, by=client, content=b'{"token": "x"}', headers=headers)

    assert answer.json() == {"active": False}


def test_the_metadata_says_that_a_bearer_token_introspects(stand: InProcessServer) -> None:
    told = stand.send("GET", "/.well-known/oauth-authorization-server").json()

    assert told["introspection_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "Bearer",
    ]
