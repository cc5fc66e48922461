from uuid import uuid4

import pytest
from sqlalchemy import delete

from gatepass.guard import Principal
from gatepass.guard.fastapi import Expectation
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.organizations import store as organization_store
from gatepass.server.oauth.access_token import inspect
from gatepass.server.partner_api.access import recall
from gatepass.server.tokens.opaque import decode, encode
from gatepass.wire.metadata import PARTNER_API
from gatepass.wire.secret import Secret
from server.fixtures import InProcessServer
from server.partner_api.partner_client import Partner

_METADATA = (
    'resource_metadata="http://localhost:8000'
    '/.well-known/oauth-protected-resource/api/partners/v2.0"'
)
_PROBLEM = "application/problem+json"


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.spec("RFC 9728", "5.1")
def test_a_call_without_a_token_is_challenged_without_an_error_code(partner: Partner) -> None:
    response = partner.http.get(partner.org)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == f"Bearer {_METADATA}"
    assert response.headers["content-type"] == _PROBLEM
    assert response.json()["status"] == 401


@pytest.mark.spec("RFC 9728", "3")
def test_the_challenge_names_a_document_that_is_there_and_names_the_api(partner: Partner) -> None:
    challenge = partner.http.get(partner.org).headers["www-authenticate"]
    address = challenge.partition('resource_metadata="')[2].rstrip('"')

    assert partner.http.get(address).json()["resource"] == partner.environment.partner_api


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize("token", ["nonsense", "gpa_live_" + "0" * 60, "e30.e30.c2ln", "%%%"])
def test_a_token_that_is_none_is_invalid(partner: Partner, token: str) -> None:
    response = partner.http.get(partner.org, headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert token not in response.text


@pytest.mark.spec("RFC 6750", "2.1")
@pytest.mark.parametrize("scheme", ["bearer ", "BEARER ", "Bearer   "])
def test_the_scheme_is_read_in_any_case_and_spacing(partner: Partner, scheme: str) -> None:
    response = partner.http.get(partner.org, headers={"Authorization": scheme + partner.token()})

    assert response.status_code == 200


@pytest.mark.spec("RFC 6750", "2")
def test_a_token_in_the_url_is_refused_even_beside_the_header(partner: Partner) -> None:
    response = partner.call("GET", partner.org, params={"access_token": partner.token()})

    assert response.status_code == 400
    assert response.headers["content-type"] == _PROBLEM


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize(
    ("method", "scope", "missing"), [("POST", "read", "write"), ("GET", "write", "read")]
)
def test_a_token_without_the_scope_is_told_which_it_needs(
    partner: Partner, method: str, scope: str, missing: str
) -> None:
    response = partner.call(method, partner.users, scope=scope)

    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]
    assert f'scope="{missing}"' in response.headers["www-authenticate"]
    assert response.json()["title"] == "Forbidden"


def test_a_sandbox_token_is_nothing_in_production(partner: Partner, sandboxed: Partner) -> None:
    headers = {"Authorization": f"Bearer {sandboxed.token()}"}

    assert partner.http.get(partner.org, headers=headers).status_code == 401
    assert sandboxed.http.get(sandboxed.org, headers=headers).status_code == 200


def test_a_revoked_token_is_refused_at_once(partner: Partner) -> None:
    token = partner.token()
    application, secret = partner.registered
    partner.http.post(
        "/oauth2/revoke_token/", data={"token": token}, auth=(application.client_id, secret.value)
    )

    response = partner.http.get(partner.org, headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_the_token_of_a_disabled_application_is_refused(partner: Partner) -> None:
    partner.token()
    app_id = partner.registered.application.id
    applications.set_enabled(
        partner.environment.context, OPERATOR, app_id, enabled=False, org_id=None
    )

    assert partner.call("GET", partner.org).status_code == 401


def test_the_token_of_a_suspended_organization_is_refused(partner: Partner) -> None:
    partner.token()
    org_id = partner.created.organization.id
    organization_lifecycle.set_suspended(
        partner.environment.context, OPERATOR, org_id, suspended=True
    )

    assert partner.call("GET", partner.org).status_code == 401


def test_a_token_stays_refused_when_its_application_is_enabled_again(partner: Partner) -> None:
    partner.token()
    app_id = partner.registered.application.id
    for enabled in (False, True):
        applications.set_enabled(
            partner.environment.context, OPERATOR, app_id, enabled=enabled, org_id=None
        )

    assert partner.call("GET", partner.org).status_code == 401
    partner.tokens.clear()
    assert partner.call("GET", partner.org).status_code == 200


def test_a_token_stays_refused_when_its_organization_is_resumed(partner: Partner) -> None:
    partner.token()
    org_id = partner.created.organization.id
    for suspended in (True, False):
        organization_lifecycle.set_suspended(
            partner.environment.context, OPERATOR, org_id, suspended=suspended
        )

    assert partner.call("GET", partner.org).status_code == 401
    partner.tokens.clear()
    assert partner.call("GET", partner.org).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_anothers_organization_looks_like_one_that_does_not_exist(
    partner: Partner, other: Partner, method: str
) -> None:
    anothers = partner.call(method, other.users)
    nobodys = partner.call(method, f"{PARTNER_API}/org/{uuid4()}/users")

    assert anothers.status_code == nobodys.status_code == 404
    assert anothers.content == nobodys.content
    assert dict(anothers.headers) == dict(nobodys.headers)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_anothers_user_looks_like_one_that_does_not_exist(
    partner: Partner, other: Partner, method: str
) -> None:
    theirs = other.add_user()["id"]
    sent = {"email": "a@example.com", "role": "user"}

    anothers = partner.call(method, f"{partner.users}/{theirs}", json=sent)
    nobodys = partner.call(method, f"{partner.users}/{uuid4()}", json=sent)

    assert anothers.status_code == nobodys.status_code == 404
    assert anothers.content == nobodys.content
    assert other.call("GET", f"{other.users}/{theirs}").status_code == 200


def test_an_id_has_one_written_form(partner: Partner) -> None:
    user = partner.add_user()["id"]
    forms = [user.replace("-", ""), f"{{{user}}}", f"urn:uuid:{user}", "0", "%00", "\u0661"]

    responses = [partner.call("GET", f"{partner.users}/{form}") for form in forms]

    assert {response.status_code for response in responses} == {404}
    assert {response.headers["content-type"] for response in responses} == {_PROBLEM}


def test_a_body_is_not_read_for_a_caller_who_may_not_write(partner: Partner) -> None:
    huge = b"x" * 1_000_000

    assert partner.http.post(partner.users, content=huge).status_code == 401
    assert partner.call("POST", partner.users, scope="read", content=huge).status_code == 403


def test_whatever_answers_get_answers_head(partner: Partner) -> None:
    for path in (partner.org, partner.users, partner.administrator):
        assert partner.call("HEAD", path).status_code == 200
    assert partner.http.head(partner.org).status_code == 401


@pytest.mark.spec("RFC 9110", "15.5.6")
def test_a_method_that_is_not_there_is_answered_with_those_that_are(partner: Partner) -> None:
    response = partner.call("POST", partner.administrator)

    assert response.status_code == 405
    assert response.headers["allow"] == "DELETE, GET, HEAD, PATCH, PUT"
    assert response.headers["content-type"] == _PROBLEM


@pytest.mark.parametrize("path", ["", "/", "/org", "/nothing", "/org/1/users/", "/a%0Ab", "/%ff"])
def test_an_unknown_path_is_a_problem_document(partner: Partner, path: str) -> None:
    response = partner.http.get(PARTNER_API + path)

    assert (response.status_code, response.headers["content-type"]) == (404, _PROBLEM)


def test_personal_data_is_not_to_be_stored_on_the_way(partner: Partner) -> None:
    for path in (partner.users, partner.administrator, partner.org, f"{partner.users}/0"):
        assert partner.call("GET", path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("tokens", ["opaque", "jwt"])
def test_memory_tells_of_a_caller_what_a_look_up_tells(
    fresh_server: InProcessServer, tokens: str
) -> None:
    environment, client = fresh_server.environment(), fresh_server.register()
    resource = environment.partner_api
    catalogue.change_resource(environment.context, OPERATOR, resource, {"tokens": tokens})
    for scope in ("read write", "read"):
        token = Secret(fresh_server.token(client, scope=scope, resource=resource))
        told = inspect(environment, token)
        assert told
        looked_up = Principal.from_introspection(
            {"active": True, **told},
            Expectation(environment.issuer, resource),
            now=fresh_server.clock(),
            environment=environment.name,
        )

        assert recall(environment, token) == looked_up
        assert recall(environment, token) is recall(environment, token)


def test_memory_tells_nothing_of_a_token_that_is_not_good_here(
    fresh_server: InProcessServer,
) -> None:
    environment, client = fresh_server.environment(), fresh_server.register()
    token, keys = Secret(fresh_server.token(client)), environment.keys.opaque_token_keys
    claims = decode(token.value, keys)
    assert claims
    elsewhere = claims._replace(audience=("https://api.example.com",))
    other = Secret(encode(elsewhere, next(iter(keys.values()))))
    assert inspect(environment, other)
    assert recall(environment, token)

    assert recall(environment, other) is None
    assert recall(environment, Secret("nonsense")) is None
    applications.set_enabled(
        environment.context, OPERATOR, client.application.id, enabled=False, org_id=None
    )
    assert recall(environment, token) is None


def test_an_application_of_the_operating_organization_reaches_no_operator(
    partner: Partner,
) -> None:
    context = partner.environment.context
    before = partner.call("GET", partner.users).status_code
    with context.database.write() as connection:
        organization_store.set_operating(connection, partner.created.organization.id)
    try:
        answers = [
            partner.call("GET", partner.users),
            partner.call("POST", partner.users, json={"role": "admin"}),
            partner.call("GET", partner.org),
        ]
    finally:  # the tests of this folder share the environment
        with context.database.write() as connection:
            connection.execute(delete(organization_store.operating))

    assert before == 200
    assert [each.status_code for each in answers] == [404, 404, 404]
