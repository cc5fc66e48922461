"""Resources and scopes, added, changed and removed in the console."""

import pytest

from server.admin.console.confirming import confirm, is_asked, sentences
from server.portal.fixtures import Browser, PortalServer

BASE = "/console/production/catalogue/"
RESOURCE, SCOPE = f"{BASE}resource/", f"{BASE}scope/"
METERS = "https://api.example.com/meters"
READ = {"name": "meters:read", "api": METERS, "description": "Read meters"}


def stan(operated: PortalServer) -> Browser:
    """Return the browser of somebody of security who has added an API with a scope."""
    browser = operated.as_("stan")
    added = browser.post(f"{BASE}resources/add/", uri=METERS, name="Meters", tokens="jwt")
    scoped = browser.post(f"{BASE}scopes/add/", **READ)
    assert (added.headers["location"], scoped.headers["location"]) == (BASE, BASE)
    return browser


def scopes(operated: PortalServer) -> list[tuple[object, ...]]:
    return operated.rows("SELECT name, is_default, is_restricted FROM scope WHERE name LIKE 'm%'")


def test_an_added_api_and_its_scope_can_be_chosen_by_partners(operated: PortalServer) -> None:
    browser = stan(operated)

    page = browser.get(BASE).text

    assert "Meters" in page
    assert "meters:read" in page
    assert "scope_meters:read" in operated.as_("anna").get("/oauth2/applications/register/").text
    assert operated.actions().count("scope.added") == 1


def test_a_scope_is_restricted_after_the_page_has_counted_who_has_it(
    operated: PortalServer,
) -> None:
    browser = stan(operated)
    operated.as_("anna").register(**{"scope_meters:read": "yes"})

    asked = browser.post(SCOPE, name="meters:read", description="Read meters", is_restricted="yes")
    before = scopes(operated)
    confirm(browser, asked, SCOPE)

    assert sentences(asked) == [
        "1 application has it: it was issued 0 tokens in the last hour.",
        "They keep it. Partners cannot choose it any more: only you grant it.",
    ]
    assert before == [("meters:read", 0, 0)]
    assert scopes(operated) == [("meters:read", 0, 1)]


def test_a_scope_that_an_application_has_is_not_removed(operated: PortalServer) -> None:
    browser = stan(operated)
    operated.as_("anna").register(**{"scope_meters:read": "yes"})

    refused = browser.post(f"{SCOPE}remove/", name="meters:read")

    assert refused.status_code == 400
    assert "1 application has the scope meters:read." in refused.text
    assert "1 application has it" in browser.get(SCOPE, {"name": "meters:read"}).text
    assert scopes(operated)


def test_a_scope_that_nobody_has_and_then_its_api_are_removed(operated: PortalServer) -> None:
    browser = stan(operated)

    too_early = browser.post(f"{RESOURCE}remove/", uri=METERS)
    asked = browser.post(f"{SCOPE}remove/", name="meters:read")
    confirm(browser, asked, f"{SCOPE}remove/")
    last = browser.post(f"{RESOURCE}remove/", uri=METERS)
    confirm(browser, last, f"{RESOURCE}remove/")

    assert "Remove its scopes first: meters:read." in too_early.text
    assert sentences(asked)[0].startswith("0 applications have it")
    assert scopes(operated) == []
    assert METERS not in browser.get(BASE).text


def test_the_tokens_of_an_api_get_another_form_after_a_warning(operated: PortalServer) -> None:
    browser = stan(operated)

    asked = browser.post(RESOURCE, uri=METERS, name="Meters", tokens="opaque", algorithm="")
    done = confirm(browser, asked, RESOURCE)

    assert is_asked(asked, RESOURCE)
    assert "its API must accept both" in sentences(asked)[1]
    assert "opaque" in browser.get(done.headers["location"]).text


@pytest.mark.parametrize(
    ("form", "sent", "field"),
    [
        ("resources/add/", {"uri": "meters", "name": "Meters"}, "uri"),
        ("resources/add/", {"uri": METERS, "name": "Again"}, "uri"),
        ("resources/add/", {"uri": "https://x.example", "name": "X", "tokens": "paper"}, "tokens"),
        ("scopes/add/", {**READ, "name": "a b"}, "name"),
        ("scopes/add/", {**READ, "name": "é"}, "name"),
        ("scopes/add/", {**READ, "name": "n", "description": ""}, "description"),
        ("scopes/add/", {**READ, "name": "n" * 2000}, "name"),
        ("scopes/add/", {**READ, "name": "n", "is_default": "y", "is_restricted": "y"}, "name"),
    ],
)
def test_what_cannot_be_added_is_said_beside_its_field(
    operated: PortalServer, form: str, sent: dict[str, str], field: str
) -> None:
    refused = stan(operated).post(BASE + form, **sent)

    assert refused.status_code in {400, 409}
    assert f'id="{field}-error"' in refused.text


def test_what_is_part_of_the_server_is_neither_changed_nor_removed(
    operated: PortalServer,
) -> None:
    browser = operated.as_("stan")
    scope = "production:organizations:read"

    refused = browser.post(f"{SCOPE}remove/", name="read")
    of_admin_api = browser.post(SCOPE, name=scope, description="All", is_default="yes")

    assert "The server itself needs the scope read." in refused.text
    assert "is part of the server." in of_admin_api.text
    assert "Change the scope" not in browser.get(SCOPE, {"name": scope}).text


def test_an_account_manager_reads_the_catalogue_and_changes_nothing(
    operated: PortalServer,
) -> None:
    mara = operated.as_("mara")

    assert "Add a scope" not in mara.get(BASE).text
    assert mara.post(f"{BASE}scopes/add/", **READ).status_code == 403
    assert "Change the scope" not in mara.get(SCOPE, {"name": "read"}).text
