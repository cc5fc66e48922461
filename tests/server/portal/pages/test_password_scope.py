"""The scope `portal_users`: granted by an administrator who has just proved who they are."""

import re
from uuid import UUID

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.oauth.access_token import inspect
from gatepass.testing import Clock
from gatepass.wire.secret import Secret
from server.portal.fixtures import PASSWORD, Browser, PortalServer
from server.portal.pages.sessions.verifying import prove
from server.portal.pages.test_registration import shown
from server.portal.pages.test_test_token import as_, sandbox

__all__ = ["sandbox"]  # a fixture

STALE = 600.0  # seconds
REGISTER = "/oauth2/applications/register/"
FORM = {
    "name": "Team sync",
    "client_type": "confidential",
    "authorization_grant_type": "client-credentials",
    "scope_read": "yes",
    "scope_write": "yes",
    "scope_portal_users": "yes",
}
SCOPES = {"scope_read": "yes", "scope_write": "yes"}
GRANTED = {**SCOPES, "scope_portal_users": "yes"}


def scope_of(portal: PortalServer, path: str) -> str:
    app_id = UUID(path.rstrip("/").rpartition("/")[2])
    return str(applications.find(portal.environment.context, app_id, None).scope)


def is_ticked(browser: Browser, path: str, name: str) -> bool:
    [box] = re.findall(rf'<input type="checkbox" id="scope_{name}"[^>]*>', browser.get(path).text)
    return "checked" in box


def test_it_is_offered_and_not_ticked_at_registration(portal: PortalServer) -> None:
    browser = portal.as_("anna")

    assert not is_ticked(browser, REGISTER, "portal_users")
    assert is_ticked(browser, REGISTER, "write")


def test_without_a_fresh_proof_no_application_is_registered_with_it(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    clock.advance(STALE)

    asked = browser.post(REGISTER, **FORM)
    wrong = prove(browser, asked, "guess")

    assert (asked.status_code, wrong.status_code) == (403, 400)
    assert portal.rows("SELECT count(*) FROM application") == [(0,)]
    done = prove(browser, wrong)
    assert scope_of(portal, done.headers["location"].removesuffix("credentials/")) == (
        "read write portal_users"
    )
    assert PASSWORD.encode() not in portal.dump()


def test_an_application_without_it_is_registered_without_a_password(portal: PortalServer) -> None:
    assert scope_of(portal, portal.as_("anna").register()) == "read write"


def test_an_application_gets_it_later_only_with_a_fresh_proof(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    assert not is_ticked(browser, path + "settings/", "portal_users")
    clock.advance(STALE)

    asked = browser.post(f"{path}scope/", **GRANTED)
    assert (asked.status_code, scope_of(portal, path)) == (403, "read write")
    granted = prove(browser, asked)
    assert granted.status_code == 303
    assert scope_of(portal, path) == "read write portal_users"
    assert is_ticked(browser, path + "settings/", "portal_users")


def test_it_is_kept_and_taken_away(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register(**FORM)

    kept = browser.post(f"{path}scope/", scope_write="yes", scope_portal_users="yes")
    assert (kept.status_code, scope_of(portal, path)) == (303, "write portal_users")
    taken = browser.post(f"{path}scope/", **SCOPES)
    assert (taken.status_code, scope_of(portal, path)) == (303, "write read")


@pytest.mark.parametrize("username", ["sven", "ulla", "bo"])
def test_nobody_but_an_administrator_of_the_organization_grants_it(
    portal: PortalServer, username: str
) -> None:
    path = portal.as_("anna").register()

    response = portal.as_(username).post(f"{path}scope/", **GRANTED)

    assert response.status_code in {403, 404}
    assert scope_of(portal, path) == "read write"


def test_where_the_operator_restricts_it_no_administrator_grants_it(portal: PortalServer) -> None:
    portal.run("UPDATE scope SET is_restricted = 1 WHERE name = 'portal_users'")
    portal.environment.open()
    browser = portal.as_("anna")
    path = browser.register()

    assert "scope_portal_users" not in browser.get(path + "settings/").text
    browser.post(f"{path}scope/", **GRANTED)
    assert scope_of(portal, path) == "read write"


def test_a_test_token_has_it_only_where_it_was_granted(
    portal: PortalServer, sandbox: object
) -> None:
    del sandbox
    browser, environment = as_(portal, "olga"), portal.app.environments[1]
    scopes = []
    for form in ({}, FORM):
        path = browser.register(**form)
        response = browser.post(f"{path}test-token/")
        token = shown(browser.get(response.headers["location"]).text, "token")
        found = inspect(environment, Secret(token))
        assert found
        scopes.append(found["scope"])

    assert scopes == ["read write", "read write portal_users"]
