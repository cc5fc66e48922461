"""What an administrator says of an application: scope, source networks, contact."""

import re

import pytest

from gatepass.server.domain.applications import operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.wire.scope import Scope
from server.portal.fixtures import HOME, Browser, PortalServer
from server.portal.pages.test_applications import token
from server.portal.pages.test_registration import refused_at

METERS = "https://meters.example.com"


def scope_of(portal: PortalServer) -> str:
    [(scope,)] = portal.rows("SELECT scope FROM application")
    return str(scope)


def ticked(text: str) -> dict[str, bool]:
    """Return the scopes that a page offers, and which of them are ticked."""
    found = re.findall(r'<input type="checkbox" id="scope_([^"]+)"([^>]*)>', text)
    return {name: "checked" in rest for name, rest in found}


NOTHING_CHOSEN = {"read": True, "write": True, "meters.read": False, "portal_users": False}


def with_meters(portal: PortalServer) -> None:
    catalogue.add_resource(portal.environment.context, OPERATOR, METERS, "Meter readings")
    new = CataloguedScope("meters.read", "Read the meters", False, False, METERS)
    catalogue.add_scope(portal.environment.context, OPERATOR, new)


def with_introspection(portal: PortalServer, browser: Browser) -> str:
    path = browser.register()
    app_id = operations.of_organization(portal.environment.context, portal.person("anna").org_id)[
        0
    ].id
    granted = Scope(("read", "introspection", "write"))
    everything = portal.environment.catalogue.everything
    operations.change(
        portal.environment.context, OPERATOR, app_id, None, allowed=everything, scope=granted
    )
    return path


def test_the_scope_is_chosen_from_the_catalogue(portal: PortalServer) -> None:
    with_meters(portal)
    browser = portal.as_("anna")
    path = browser.register()
    assert ticked(browser.get(path + "settings/").text) == NOTHING_CHOSEN

    sent = {"scope_write": "yes", "scope_meters.read": "yes"}
    response = browser.post(path + "scope/", **sent)

    assert response.headers["location"] == path + "settings/"
    assert scope_of(portal) == "write meters.read"
    page = browser.get(path + "settings/").text
    assert ticked(page) == NOTHING_CHOSEN | {"read": False, "meters.read": True}
    assert "Meter readings: Read the meters." in page
    assert portal.actions()[-1] == "application.scope"
    assert "Set the scope to write meters.read" in browser.get("/activity/").text


def test_at_registration_only_default_scopes_are_ticked_and_restricted_ones_not_offered(
    portal: PortalServer,
) -> None:
    with_meters(portal)

    page = portal.as_("anna").get("/oauth2/applications/register/").text

    assert ticked(page) == NOTHING_CHOSEN
    assert "Partner API: See the organization and its users." in page


def test_a_scope_that_only_the_operator_grants_is_shown_and_stays(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = with_introspection(portal, browser)
    page = browser.get(path + "settings/").text
    assert "introspection" not in ticked(page)
    assert "It also has <code>introspection</code>" in page

    browser.post(path + "scope/", scope_write="yes")

    assert scope_of(portal) == "introspection write"


@pytest.mark.spec("ASVS", "8.2.2")
@pytest.mark.parametrize("name", ["introspection", "admin", "read write"])
def test_a_scope_that_is_not_offered_cannot_be_had_by_sending_it(
    portal: PortalServer, name: str
) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    browser.post(path + "scope/", **{"scope_read": "yes", f"scope_{name}": "yes"})

    assert scope_of(portal) == "read"


def test_an_application_keeps_at_least_one_scope(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    response = browser.post(path + "scope/")

    assert response.status_code == 400
    assert refused_at(response.text) == {"scope"}
    assert scope_of(portal) == "read write"


def test_requests_from_elsewhere_are_refused_once_networks_are_set(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    text = browser.get(path + "credentials/").text
    assert token(browser, text) == 200

    browser.post(path + "networks/", networks="198.51.100.0/24\r\n2001:db8::/32\r\n")

    assert token(browser, text) == 401
    assert token(portal.browser("198.51.100.9"), text) == 200
    page = browser.get(path + "settings/").text
    assert "198.51.100.0/24\n2001:db8::/32</textarea>" in page
    assert "Set the allowed source networks to 198.51.100.0/24 2001:db8::/32" in (
        browser.get("/activity/").text
    )


def test_without_networks_requests_may_come_from_anywhere_again(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    text = browser.get(path + "credentials/").text
    browser.post(path + "networks/", networks="198.51.100.0/24")

    browser.post(path + "networks/", networks=" \r\n")

    assert token(browser, text) == 200
    assert "Anywhere" in browser.get(path).text


@pytest.mark.parametrize(
    "typed",
    [
        f"{HOME}/8",
        "example.com",
        "203.0.113.0/33",
        "203.0.113.0/24\nand mine",
        "<script>",
        "\u0661.1.1.1",
        "1.2.3.4 " * 51,
        "x" * 3000,
    ],
)
def test_what_is_no_network_is_told_beside_the_field_and_kept_there(
    portal: PortalServer, typed: str
) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    response = browser.post(path + "networks/", networks=typed)

    assert response.status_code == 400
    assert refused_at(response.text) == {"networks"}
    shown = typed.replace("<", "&lt;").replace(">", "&gt;")
    assert f"{shown}</textarea>" in response.text
    assert re.search(r"<textarea[^>]* autofocus>", response.text)
    assert portal.rows("SELECT networks FROM application") == [("",)]


def test_a_contact_is_set_and_taken_away(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    browser.post(path + "contact/", contact=" ops@acme.example ")
    assert 'value="ops@acme.example"' in browser.get(path + "settings/").text
    browser.post(path + "contact/", contact="")

    assert portal.rows("SELECT contact FROM application") == [("",)]
    said = browser.get("/activity/").text
    assert "Set the contact to ops@acme.example" in said
    assert "Set the contact to nobody" in said


@pytest.mark.parametrize("typed", ["x" * 201, "two\nlines"])
def test_a_contact_is_one_short_line(portal: PortalServer, typed: str) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    response = browser.post(path + "contact/", contact=typed)

    assert (response.status_code, refused_at(response.text)) == (400, {"contact"})


@pytest.mark.spec("ASVS", "8.2.2")
@pytest.mark.parametrize("what", ["scope", "networks", "contact"])
def test_only_an_administrator_of_the_organization_sets_these(
    portal: PortalServer, what: str
) -> None:
    path = portal.as_("anna").register()
    form = {"scope_read": "yes", "networks": "10.0.0.0/8", "contact": "x"}

    responses = [
        portal.as_(name).post(f"{path}{what}/", **form).status_code for name in ("sven", "bo")
    ]

    assert responses == [403, 404]
    assert portal.rows("SELECT scope, networks, contact FROM application") == [
        ("read write", "", "")
    ]
