"""JWT access tokens from the endpoint to the API that verifies them, and back to introspection."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from gatepass.guard import Expectation, verify
from gatepass.guard import KeySet as GuardKeySet
from gatepass.guard.jwt.assertion import verify_assertion
from gatepass.jose.algorithms import ALGORITHMS, Algorithm
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications import store
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.server.domain.keys.model import PUBLISHED_AHEAD
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import JWKS
from gatepass.wire.scope import Scope
from server.fixtures import LIVE, URL, Client, InProcessServer, refused

# The library prefers the name Ed25519 (RFC 9864); what verifies tokens today knows EdDSA.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

API = "http://localhost:8000/api/partners/v2.0"


class Meters(NamedTuple):
    """An API that takes JWTs of one algorithm, and a client that may call it."""

    uri: str
    client: Client
    algorithm: Algorithm


def use_new_keys(server: InProcessServer) -> None:
    """Let the time pass in which a key of a new algorithm is published alone."""
    server.clock.advance(PUBLISHED_AHEAD.total_seconds())
    server.environment().refresh_keys()


def with_meters(server: InProcessServer, algorithm: Algorithm, name: str = "meters") -> Meters:
    environment, uri = server.environment(), f"https://{name}.example.com/{algorithm}"
    scope = f"{name}.{algorithm}"
    if uri not in environment.catalogue.resources:
        catalogue.add_resource(environment.context, OPERATOR, uri, name, "jwt", algorithm)
        new = CataloguedScope(scope, "Read", False, False, uri)
        catalogue.add_scope(environment.context, OPERATOR, new)
        use_new_keys(server)
    return Meters(uri, server.register(scope=Scope((scope,))), algorithm)


@pytest.fixture(params=ALGORITHMS)
def meters(server: InProcessServer, request: pytest.FixtureRequest) -> Meters:
    return with_meters(server, request.param)


@pytest.fixture
def es256(fresh_server: InProcessServer) -> Meters:
    return with_meters(fresh_server, "ES256")


def published(server: InProcessServer) -> Any:  # noqa: ANN401 - as joserfc takes it
    return server.send("GET", JWKS).json()


def verified(server: InProcessServer, token: str, algorithm: Algorithm) -> jwt.Token:
    keys = KeySet.import_key_set(published(server))
    return jwt.decode(token, keys, algorithms=[algorithm])


@pytest.mark.spec("RFC 9068", "2.1")
@pytest.mark.spec("RFC 8725", "3.11")
def test_the_header_says_what_it_is_and_which_key_signed_it(
    server: InProcessServer, meters: Meters
) -> None:
    token = server.token(meters.client)

    header = jws.extract_compact(token.encode()).headers()

    kids = {key["kid"]: key["alg"] for key in published(server)["keys"]}
    assert set(header) == {"alg", "typ", "kid"}
    assert (header["typ"], header["alg"]) == ("at+jwt", meters.algorithm)
    assert kids[header["kid"]] == meters.algorithm


@pytest.mark.spec("RFC 9068", "2.2")
@pytest.mark.spec("RFC 9068", "4")
def test_a_library_that_knows_nothing_of_us_verifies_all_claims(
    server: InProcessServer, meters: Meters
) -> None:
    answer = server.ask(meters.client).json()

    claims = verified(server, answer["access_token"], meters.algorithm).claims

    now = int(server.clock.now)
    application = meters.client.application
    jti = claims.pop("jti")
    assert len(jti) == 44
    assert claims == {
        "iss": "http://localhost:8000",
        "exp": now + application.token_lifetime,
        "aud": meters.uri,
        "sub": application.client_id,
        "client_id": application.client_id,
        "iat": now,
        "scope": str(application.scope),
        "org_id": str(application.org_id),
    }
    assert answer["expires_in"] == application.token_lifetime


@pytest.mark.spec("RFC 9068", "2.2")
def test_no_two_tokens_have_the_same_name(server: InProcessServer, meters: Meters) -> None:
    tokens = [server.token(meters.client) for _ in range(20)]
    names = {verified(server, token, meters.algorithm).claims["jti"] for token in tokens}

    assert len(names) == 20


@pytest.mark.spec("RFC 7662", "2.2")
def test_introspection_says_of_a_jwt_what_it_says_itself(
    server: InProcessServer, meters: Meters
) -> None:
    token = server.token(meters.client)

    told = server.introspect(meters.client, token).json()

    claims = verified(server, token, meters.algorithm).claims
    assert told == {"active": True, "token_type": "Bearer", **claims}


@pytest.mark.spec("RFC 7009", "2.1")
def test_a_revoked_jwt_is_not_active_any_more_and_others_are(
    server: InProcessServer, meters: Meters
) -> None:
    token, other = server.token(meters.client), server.token(meters.client)

    assert server.revoke(meters.client, token).status_code == 200

    assert not server.is_active(meters.client, token)
    assert server.is_active(meters.client, other)


@pytest.mark.spec("RFC 7009", "2.1")
def test_a_jwt_of_another_client_is_not_revoked(server: InProcessServer, meters: Meters) -> None:
    token, stranger = server.token(meters.client), server.register()

    assert refused(server.revoke(stranger, token)) == (400, "invalid_request")
    assert server.is_active(meters.client, token)


def test_a_jwt_ends_with_its_lifetime(fresh_server: InProcessServer, es256: Meters) -> None:
    token = fresh_server.token(es256.client)

    fresh_server.clock.advance(es256.client.application.token_lifetime - 1)
    assert fresh_server.is_active(es256.client, token)
    fresh_server.clock.advance(1)
    assert not fresh_server.is_active(es256.client, token)


def test_voiding_all_tokens_voids_jwts_and_not_those_that_come_after(
    fresh_server: InProcessServer, es256: Meters
) -> None:
    old = fresh_server.token(es256.client)
    applications.revoke_tokens(
        fresh_server.environment().context, OPERATOR, es256.client.application.id, None
    )
    fresh_server.clock.advance(1)

    assert not fresh_server.is_active(es256.client, old)
    assert fresh_server.is_active(es256.client, fresh_server.token(es256.client))


def test_the_jwts_of_a_disabled_application_stay_dead_when_it_is_enabled(
    fresh_server: InProcessServer, es256: Meters
) -> None:
    token, caller = fresh_server.token(es256.client), fresh_server.register(beside=es256.client)
    app_id = es256.client.application.id
    told = []
    for enabled in (False, True):
        applications.set_enabled(
            fresh_server.environment().context, OPERATOR, app_id, enabled=enabled, org_id=None
        )
        told.append(fresh_server.is_active(caller, token))

    assert told == [False, False]
    assert fresh_server.is_active(caller, fresh_server.token(es256.client))


def test_an_application_made_anew_with_the_same_client_id_does_not_revive_tokens(
    fresh_server: InProcessServer, es256: Meters
) -> None:
    token, caller = fresh_server.token(es256.client), fresh_server.register(beside=es256.client)
    environment, application = fresh_server.environment(), es256.client.application
    applications.delete(environment.context, OPERATOR, application.id, None)
    assert not fresh_server.is_active(caller, token)
    fresh_server.clock.advance(1)
    imposter = fresh_server.register(scope=application.scope, beside=caller).application
    with environment.database.write() as connection:
        store.remove(connection, imposter.id)
        store.add(connection, _renamed(imposter, application.client_id))
    environment.applications.clear()

    assert not fresh_server.is_active(caller, token)
    assert environment.applications.load(application.client_id)


def _renamed(application: Application, client_id: str) -> Application:
    return replace(application, client_id=client_id)


@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.spec("RFC 9068", "3")
def test_a_token_is_for_the_resource_that_is_asked_for_and_has_its_scopes_only(
    fresh_server: InProcessServer, es256: Meters
) -> None:
    client = fresh_server.register(scope=Scope(("read", "meters.ES256")))

    sealed = fresh_server.ask(client, resource=API).json()
    signed = fresh_server.ask(client, resource=es256.uri).json()

    assert sealed["access_token"].startswith("gpa_live_")
    assert sealed["scope"] == "read"
    assert signed["scope"] == "meters.ES256"
    assert verified(fresh_server, signed["access_token"], "ES256").claims["aud"] == es256.uri


@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.parametrize("resource", ["https://other.example/", "meters", "https://a/#b", "a b"])
def test_a_resource_that_is_none_is_an_invalid_target(
    fresh_server: InProcessServer, es256: Meters, resource: str
) -> None:
    assert refused(fresh_server.ask(es256.client, resource=resource)) == (400, "invalid_target")


@pytest.mark.usefixtures("es256")
def test_resources_whose_tokens_differ_in_form_are_not_mixed(fresh_server: InProcessServer) -> None:
    client = fresh_server.register(scope=Scope(("read", "meters.ES256")))

    answer = fresh_server.ask(client, scope="read meters.ES256")

    assert refused(answer) == (400, "invalid_scope")


@pytest.mark.spec("RFC 8725", "3.12")
def test_a_jwt_access_token_is_no_assertion_of_a_gateways_caller(
    fresh_server: InProcessServer, es256: Meters
) -> None:
    token = fresh_server.token(es256.client)
    keys = GuardKeySet.parse(fresh_server.send("GET", JWKS).content)
    expect = Expectation(URL[LIVE], es256.uri)

    assert verify(token, keys, expect, fresh_server.clock()).client_id == es256.client.client_id
    with pytest.raises(OAuthError):
        verify_assertion(token, keys, expect, fresh_server.clock())


def test_the_partner_api_takes_jwts_where_the_operator_says_so(
    fresh_server: InProcessServer,
) -> None:
    environment, client = fresh_server.environment(), fresh_server.register()
    catalogue.change_resource(
        environment.context, OPERATOR, API, {"tokens": "jwt", "algorithm": "EdDSA"}
    )
    use_new_keys(fresh_server)

    token = fresh_server.token(client)

    assert verified(fresh_server, token, "EdDSA").claims["aud"] == API
    bearer = {"Authorization": f"Bearer {token}"}
    where = f"/api/partners/v2.0/org/{client.application.org_id}"
    assert fresh_server.send("GET", where, headers=bearer).status_code == 200
