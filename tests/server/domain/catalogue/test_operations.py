"""What the operator does to the catalogue, and what every part of the server makes of it."""

import json

import pytest

from gatepass.server.domain.applications.store import count_with_scope
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.token_policy import Form
from gatepass.server.environment.environment import Environment
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope
from server.fixtures import InProcessServer, refused

METERS = "https://meters.example.com"


def _scope(name: str = "meters.read", resource: str = METERS, **flags: bool) -> CataloguedScope:
    given = {"is_default": False, "is_restricted": False, **flags}
    return CataloguedScope(name, "Read meters", resource=resource, **given)


@pytest.fixture
def environment(fresh_server: InProcessServer) -> Environment:
    environment = fresh_server.environment()
    operations.add_resource(environment.context, OPERATOR, METERS, " Meters ")
    operations.add_scope(environment.context, OPERATOR, _scope())
    return environment


def test_what_is_added_is_offered_at_once(
    fresh_server: InProcessServer, environment: Environment
) -> None:
    client = fresh_server.register(scope=Scope(("meters.read",)))

    assert environment.catalogue.resources[METERS].name == "Meters"
    assert fresh_server.ask(client).json()["scope"] == "meters.read"


def test_each_change_is_in_the_audit_trail_and_the_feed(environment: Environment) -> None:
    operations.change_scope(environment.context, OPERATOR, "meters.read", {"is_default": True})
    operations.remove_scope(environment.context, OPERATOR, "meters.read", count_with_scope)
    operations.remove_resource(environment.context, OPERATOR, METERS)

    with environment.database.read() as connection:
        told = [row[0] for row in connection.exec_driver_sql("SELECT action FROM audit")]
        fed = [each for each in changes.after(connection, 0) if each.kind == changes.CATALOGUE]
    assert told == [
        "resource.added",
        "scope.added",
        "scope.changed",
        "scope.removed",
        "resource.removed",
    ]
    assert [each.subject for each in fed] == [METERS, *["meters.read"] * 3, METERS]


@pytest.mark.parametrize("form", ["ES256", "EdDSA", "PS256", "RS256"])
def test_a_new_form_of_tokens_has_its_key_published_from_the_same_moment(
    environment: Environment, form: Form
) -> None:
    operations.change_resource(
        environment.context, OPERATOR, METERS, {"tokens": "jwt", "algorithm": form}
    )

    assert form in environment.keys.signing_keys
    assert form in {key["alg"] for key in json.loads(environment.keys.jwks)["keys"]}


@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.parametrize(
    "uri", ["meters", "/meters", "https://a.example/#f", "https:", "a b:c", ""]
)
def test_a_resource_is_an_absolute_uri_without_fragment(environment: Environment, uri: str) -> None:
    with pytest.raises(OAuthError) as caught:
        operations.add_resource(environment.context, OPERATOR, uri, "Meters")

    assert caught.value.code == "invalid_target"


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.parametrize("name", ["", "a b", 'a"b', "a\\b", "\u00e9", "a\n", "x" * 101])
def test_a_scope_is_a_scope_token(environment: Environment, name: str) -> None:
    with pytest.raises(OAuthError) as caught:
        operations.add_scope(environment.context, OPERATOR, _scope(name))

    assert caught.value.code == "invalid_scope"


@pytest.mark.parametrize("name", ["read", "write", "introspection", "portal_users"])
def test_what_the_server_itself_needs_is_not_removed(environment: Environment, name: str) -> None:
    with pytest.raises(OAuthError):
        operations.remove_scope(environment.context, OPERATOR, name, count_with_scope)
    with pytest.raises(OAuthError):
        operations.remove_resource(environment.context, OPERATOR, environment.partner_api)


def test_a_scope_that_an_application_has_is_not_removed(
    fresh_server: InProcessServer, environment: Environment
) -> None:
    fresh_server.register(scope=Scope(("meters.read",)))

    with pytest.raises(OAuthError, match="1 application has"):
        operations.remove_scope(environment.context, OPERATOR, "meters.read", count_with_scope)
    assert "meters.read" in environment.catalogue.scopes


def test_a_scope_whose_name_is_part_of_one_that_is_had_can_be_removed(
    fresh_server: InProcessServer, environment: Environment
) -> None:
    operations.add_scope(environment.context, OPERATOR, _scope("meters.rea_"))
    fresh_server.register(scope=Scope(("meters.read",)))

    operations.remove_scope(environment.context, OPERATOR, "meters.rea_", count_with_scope)

    assert "meters.rea_" not in environment.catalogue.scopes


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("read", {"is_restricted": True}),
        ("introspection", {"is_default": True}),
        ("introspection", {"is_restricted": False}),
    ],
)
def test_nothing_that_only_the_operator_grants_becomes_everybodys(
    environment: Environment, name: str, values: dict[str, object]
) -> None:
    before = environment.catalogue.scopes[name]

    with pytest.raises(OAuthError):
        operations.change_scope(environment.context, OPERATOR, name, values)

    assert environment.catalogue.scopes[name] == before


def test_the_scope_that_is_granted_with_a_password_is_never_a_default(
    environment: Environment,
) -> None:
    with pytest.raises(OAuthError):
        operations.change_scope(environment.context, OPERATOR, "portal_users", {"is_default": True})

    assert "portal_users" not in environment.catalogue.defaults
    assert "portal_users" not in environment.catalogue.selectable


def test_what_is_not_there_is_not_changed(environment: Environment) -> None:
    with pytest.raises(NotFoundError):
        operations.change_scope(environment.context, OPERATOR, "nothing", {"is_default": True})
    with pytest.raises(NotFoundError):
        operations.change_resource(environment.context, OPERATOR, "urn:nothing", {"name": "x"})
    with pytest.raises(NotFoundError):
        operations.add_scope(environment.context, OPERATOR, _scope("other", "urn:nothing"))


def test_what_was_granted_by_the_old_catalogue_is_not_granted_by_the_new(
    fresh_server: InProcessServer, environment: Environment
) -> None:
    client = fresh_server.register(scope=Scope(("meters.read",)))
    sealed = fresh_server.token(client)

    operations.change_resource(environment.context, OPERATOR, METERS, {"tokens": "jwt"})

    assert fresh_server.token(client).count(".") == 2
    assert fresh_server.is_active(client, sealed)
    assert refused(fresh_server.ask(client, scope="read")) == (400, "invalid_scope")
