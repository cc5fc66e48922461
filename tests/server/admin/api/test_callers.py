"""Who may call the Admin API: applications of the operating organization, and none other."""

import pytest

from gatepass.server.admin.operations.registry import BY_NAME
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications import store
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue.admin_scopes import LONGEST_LIFETIME
from gatepass.server.domain.users import operations as users
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import ADMIN_API, PARTNER_API
from gatepass.wire.scope import Scope
from server.admin.operator_program import Program, every_scope, operating_organization
from server.fixtures import HERE, Client, InProcessServer

READ = "production:organizations:read"
URL = f"{ADMIN_API}/production/organizations"


@pytest.fixture
def program(server: InProcessServer) -> Program:
    return Program(server, *every_scope())


def _register(server: InProcessServer, org_id: object, *scopes: str) -> Application:
    environment = server.environment()
    return applications.register(
        environment.context,
        environment.catalogue,
        OPERATOR,
        org_id,  # type: ignore[arg-type]
        name="Mixed",
        scope=Scope(scopes),
        allowed=environment.catalogue.granted_on_machine,
    ).application


def test_no_application_of_a_partner_gets_a_scope_of_the_admin_api(
    server: InProcessServer,
) -> None:
    with pytest.raises(OAuthError, match="operating organization"):
        _register(server, server.organization(), READ)

    partner = server.register()
    environment = server.environment()
    with pytest.raises(OAuthError, match="operating organization"):
        applications.change(
            environment.context,
            OPERATOR,
            partner.application.id,
            None,
            allowed=environment.catalogue.granted_on_machine,
            scope=Scope((READ,)),
        )


def test_such_an_application_has_no_other_scopes(server: InProcessServer) -> None:
    with pytest.raises(OAuthError, match="no other scopes"):
        _register(server, operating_organization(server), READ, "read")


def test_a_partners_token_is_refused_whatever_its_scope(
    server: InProcessServer, program: Program
) -> None:
    partner = server.register()
    environment = server.environment()
    with environment.database.write() as connection:  # as no operation does it
        store.change(connection, partner.application.id, {"scope": READ})
    environment.applications.clear()
    token = server.token(partner)

    answer = server.send("GET", URL, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert program.send("GET", URL).status_code == 200


def test_its_tokens_are_short_lived(program: Program, server: InProcessServer) -> None:
    assert server.ask(program.client).json()["expires_in"] == LONGEST_LIFETIME


def test_its_networks_hold_for_its_calls(server: InProcessServer) -> None:
    inside = Program(server, READ, networks=check_networks(HERE))

    assert inside.send("GET", URL).status_code == 200
    assert inside.send("GET", URL, source="198.51.100.9").status_code == 401


@pytest.mark.parametrize(
    "name",
    [
        "application.show",
        "application.rotate",
        "application.set_scope",
        "application.delete",
        "application.refusals",
    ],
)
def test_an_application_of_the_operator_is_not_in_reach(program: Program, name: str) -> None:
    operation = BY_NAME[name]
    arguments = {**operation.example, "client_id": program.client.client_id}
    assert program.perform(operation, arguments).status_code == 404


@pytest.mark.parametrize("name", ["person.show", "person.reset_password", "person.set_role"])
def test_an_operator_is_not_in_reach(program: Program, server: InProcessServer, name: str) -> None:
    olga = users.find_anywhere(server.environment().context, "olga")
    assert olga
    operation = BY_NAME[name]
    arguments = {**operation.example, "user_id": str(olga.id)}
    assert program.perform(operation, arguments).status_code == 404
    assert program.perform(BY_NAME["person.find"], {"username": "olga"}).json() == {"items": []}


@pytest.mark.parametrize(
    "name",
    [
        "organization.show",
        "organization.suspend",
        "organization.rename",
        "application.create",
        "person.add",
        "person.list",
        "invitation.create",
        "policy.change",
    ],
)
def test_the_operating_organization_is_not_in_reach(
    program: Program, server: InProcessServer, name: str
) -> None:
    operation = BY_NAME[name]
    org_id = str(operating_organization(server))
    answer = program.perform(operation, {**operation.example, "org_id": org_id})
    assert answer.status_code == 404


def test_lists_leave_out_what_is_the_operators(program: Program, server: InProcessServer) -> None:
    partner: Client = server.register()
    found = program.perform(BY_NAME["application.list"], {"limit": 200}).json()["items"]
    ids = {each["client_id"] for each in found}
    assert partner.client_id in ids
    assert program.client.client_id not in ids
    listed = program.perform(BY_NAME["organization.list"], {"limit": 200}).json()["items"]
    assert str(operating_organization(server)) not in {each["id"] for each in listed}


def test_its_token_opens_nothing_else(program: Program, server: InProcessServer) -> None:
    org_id = operating_organization(server)
    answer = program.send("GET", f"{PARTNER_API}/organizations/{org_id}/users")
    assert answer.status_code in {401, 403, 404}


def test_a_call_beyond_its_scope_is_in_the_audit_trail(server: InProcessServer) -> None:
    reader = Program(server, READ)
    assert reader.send("POST", URL, json={"name": "A", "username": "b"}).status_code == 403

    with server.environment().database.read() as connection:
        [(_, newest)] = audit.every(connection, limit=1)
    assert (newest.actor, newest.action) == ("Back office", "access.denied")
    assert newest.org_id == operating_organization(server)
    assert "production:organizations:write" in str(newest.detail)
