from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from contracts.samples import AWKWARD
from gatepass.jose.algorithms import Algorithm
from gatepass.server.domain.catalogue import store
from gatepass.server.domain.catalogue.model import PARTNER_API, Catalogue, CataloguedScope, Resource
from gatepass.server.domain.token_policy import TokenPolicy, Tokens
from gatepass.server.storage.database import Connection, Database
from gatepass.wire.scope import Scope

_API = "https://app.example.com/api/partners/v2.0"
_METERS = "https://meters.example.com/a%20b?x='y"


def _policy(tokens: Tokens, algorithm: Algorithm) -> TokenPolicy:
    return TokenPolicy(_API, tokens, algorithm, timedelta(days=30))


def _load(connection: Connection) -> Catalogue:
    return store.load(connection, _policy("opaque", "ES256"))


def _scope(name: str = "meters.read", resource: str = _METERS) -> CataloguedScope:
    return CataloguedScope(name, AWKWARD, False, True, resource)


def test_the_catalogue_begins_with_the_partner_api_under_its_real_identifier(
    database: Database,
) -> None:
    with database.read() as connection:
        found = _load(connection)

    assert found.resources == {_API: Resource(_API, "Partner API", None, None, "opaque")}
    assert found.everything == Scope(("introspection", "portal_users", "read", "write"))
    assert found.selectable == found.defaults == Scope(("read", "write"))
    assert {each.resource for each in found.scopes.values()} == {_API}


def test_resources_and_scopes_come_back_as_they_were(database: Database) -> None:
    with database.write() as connection:
        store.add_resource(connection, _METERS, AWKWARD, "jwt", "PS256")
        store.add_scope(connection, _scope(), _API)
        store.add_scope(connection, _scope("own", _API), _API)
        found = _load(connection)

    assert found.resources[_METERS] == Resource(_METERS, AWKWARD, "jwt", "PS256", "PS256")
    assert found.scopes["meters.read"] == _scope()
    assert found.scopes["own"] == _scope("own", _API)
    assert found.of_resource(_METERS) == Scope(("meters.read",))


def test_what_a_resource_does_not_say_is_the_environments_default(database: Database) -> None:
    with database.write() as connection:
        store.add_resource(connection, _METERS, "Meters", None, None)
        signed = store.load(connection, _policy("jwt", "EdDSA"))
        sealed = store.load(connection, _policy("opaque", "EdDSA"))
        store.change_resource(connection, _METERS, {"tokens": "jwt"})
        half = store.load(connection, _policy("opaque", "EdDSA"))

    assert (signed.resources[_METERS].form, sealed.resources[_METERS].form) == ("EdDSA", "opaque")
    assert half.resources[_METERS].form == "EdDSA"
    assert half.forms == {"EdDSA", "opaque"}


def test_the_partner_api_is_changed_like_any_other(database: Database) -> None:
    with database.write() as connection:
        store.change_resource(connection, PARTNER_API, {"tokens": "jwt", "name": "Ours"})
        found = _load(connection).resources[_API]

    assert (found.name, found.form) == ("Ours", "ES256")


def test_a_scope_is_changed_and_removed(database: Database) -> None:
    with database.write() as connection:
        store.add_resource(connection, _METERS, "Meters", None, None)
        store.add_scope(connection, _scope(), _API)
        store.change_scope(connection, "meters.read", {"is_restricted": False, "is_default": True})
        changed = _load(connection).scopes["meters.read"]
        store.remove_scope(connection, "meters.read")
        store.remove_resource(connection, _METERS)
        left = _load(connection)

    assert (changed.is_default, changed.is_restricted) == (True, False)
    assert list(left.resources) == [_API]
    assert "meters.read" not in left.scopes


def test_a_name_is_taken_once(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        store.add_scope(connection, _scope("read", _API), _API)
    with pytest.raises(IntegrityError), database.write() as connection:
        store.add_resource(connection, PARTNER_API, "Again", None, None)


def test_a_scope_has_a_resource_and_a_resource_with_scopes_stays(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        store.add_scope(connection, _scope(), _API)
    with pytest.raises(IntegrityError), database.write() as connection:
        store.remove_resource(connection, PARTNER_API)
