"""A test token: in the sandbox, for an administrator, shown once."""

import json
from uuid import UUID

import pytest

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users import store as people_store
from gatepass.server.domain.users.model import Role
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.environment import maintenance
from gatepass.server.oauth.access_token import inspect
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.wire.secret import Secret
from server.portal.fixtures import PASSWORD, Browser, PortalServer
from server.portal.pages.test_registration import shown


@pytest.fixture
def sandbox(portal: PortalServer) -> ServedEnvironment:
    """The sandbox with its own people: olga (admin) and stig (staff)."""
    environment = portal.app.environments[1]
    made = organization_lifecycle.create(
        environment.context, environment.hasher, OPERATOR, "Acme Energy", "olga"
    )
    add(environment, made.organization.id, "stig", "staff")
    hashed = environment.hasher.hash(Secret(PASSWORD))
    with environment.database.write() as connection:
        for username in ("olga", "stig"):
            found = people_store.find_by_username(connection, username)
            assert found
            values = {"password_hash": hashed, "must_change_password": False}
            people_store.change(connection, found.id, values)
    return environment


def add(environment: ServedEnvironment, org_id: UUID, username: str, role: Role) -> None:
    initial_passwords.add_with_access(
        environment.context,
        OPERATOR,
        org_id,
        username=username,
        email=None,
        role=role,
        initial=run(initial_passwords.new_password(environment.hasher)),
    )


def as_(portal: PortalServer, username: str) -> Browser:
    browser = portal.browser(sandbox=True)
    assert browser.log_in(username).status_code == 303
    return browser


def audited(environment: ServedEnvironment) -> list[tuple[str, str]]:
    with environment.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT action, detail FROM audit ORDER BY id").all()
    return [(str(action), str(detail)) for action, detail in rows]


def test_one_button_gets_a_token_that_works(
    portal: PortalServer, sandbox: ServedEnvironment
) -> None:
    browser = as_(portal, "olga")
    path = browser.register()
    assert "Get a test token" in browser.get(path).text

    response = browser.post(path + "test-token/")
    assert (response.status_code, response.headers["location"]) == (303, path + "test-token/")
    page = browser.get(path + "test-token/").text
    token = shown(page, "token")

    assert token.startswith("gpa_test_")
    said = inspect(sandbox, Secret(token))
    assert said
    assert said["scope"] == "read write"
    called = browser.client.get(
        f"/api/partners/v2.0/org/{said['org_id']}", headers={"Authorization": f"Bearer {token}"}
    )
    assert called.status_code == 200


def test_its_claims_are_told_in_words_with_the_call_that_does_the_same(
    portal: PortalServer, sandbox: ServedEnvironment
) -> None:
    browser = as_(portal, "olga")
    path = browser.register("Billing sync")
    browser.post(path + "test-token/")
    page = browser.get(path + "test-token/").text

    assert "See the organization and its users" in page
    assert "in 10 hours" in page
    assert sandbox.partner_api in page
    assert f"Bearer {shown(page, 'token')}" in shown(page, "snippet-call")
    assert "grant_type=client_credentials" in shown(page, "snippet-curl")
    assert "your-client-secret" in shown(page, "snippet-curl")


def test_it_is_shown_once(portal: PortalServer, sandbox: ServedEnvironment) -> None:
    browser = as_(portal, "olga")
    path = browser.register()
    browser.post(path + "test-token/")
    assert browser.client.head(path + "test-token/").status_code == 200
    token = shown(browser.get(path + "test-token/").text, "token")

    again = browser.get(path + "test-token/")

    assert "was shown already" in again.text
    assert token not in again.text
    assert browser.get(path + "test-token/").status_code == 200
    assert inspect(sandbox, Secret(token))


def test_it_is_audited_and_counted_and_nowhere_kept(
    portal: PortalServer, sandbox: ServedEnvironment
) -> None:
    browser = as_(portal, "olga")
    path = browser.register()
    browser.post(path + "test-token/")
    token = shown(browser.get(path + "test-token/").text, "token")
    maintenance.flush(sandbox)

    action, detail = audited(sandbox)[-1]
    assert action == "token.test_issued"
    assert json.loads(detail).keys() == {"client_id", "scope"}
    assert json.loads(detail)["scope"] == "read write"
    assert "Got a test token (read write)" in browser.get("/activity/").text
    assert "1 tokens issued in 24 hours" in browser.get(path + "usage/").text
    assert token.encode() not in portal.dump()


def test_a_disabled_application_gets_none(portal: PortalServer, sandbox: ServedEnvironment) -> None:
    browser = as_(portal, "olga")
    path = browser.register()
    browser.post(path + "disable/")
    assert "Get a test token" not in browser.get(path).text

    response = browser.post(path + "test-token/")

    assert response.status_code == 400
    assert "gets no tokens as it is" in response.text
    assert "token.test_issued" not in dict(audited(sandbox))


def test_staff_are_offered_none_and_get_none(
    portal: PortalServer, sandbox: ServedEnvironment
) -> None:
    path = as_(portal, "olga").register()
    staff = as_(portal, "stig")

    assert "Get a test token" not in staff.get(path).text
    assert staff.post(path + "test-token/").status_code == 403
    assert staff.get(path + "test-token/").status_code == 403
    assert "token.test_issued" not in dict(audited(sandbox))


def test_of_another_organization_there_is_none(
    portal: PortalServer, sandbox: ServedEnvironment
) -> None:
    organization_lifecycle.create(sandbox.context, sandbox.hasher, OPERATOR, "Bolt Power", "bengt")
    with sandbox.database.write() as connection:
        found = people_store.find_by_username(connection, "bengt")
        assert found
        hashed = sandbox.hasher.hash(Secret(PASSWORD))
        values = {"password_hash": hashed, "must_change_password": False}
        people_store.change(connection, found.id, values)
    path = as_(portal, "olga").register()

    assert as_(portal, "bengt").post(path + "test-token/").status_code == 404


def test_without_the_forms_token_none_is_made(
    portal: PortalServer, sandbox: ServedEnvironment
) -> None:
    browser = as_(portal, "olga")
    path = browser.register()

    assert browser.send(path + "test-token/", {"csrf": "x"}).status_code == 403
    assert "token.test_issued" not in dict(audited(sandbox))


def test_production_offers_none(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    assert "Get a test token" not in browser.get(path).text
    assert browser.post(path + "test-token/").status_code == 404
    assert browser.get(path + "test-token/").status_code == 404
    assert "token.test_issued" not in portal.actions()
