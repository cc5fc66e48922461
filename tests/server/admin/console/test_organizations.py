"""Organizations in the console: found, created, renamed, suspended, resumed."""

import re

import pytest

from gatepass.server.admin.console.request import path_of
from gatepass.server.domain.users.sessions.proofs.model import FRESH
from gatepass.testing import Clock
from gatepass.wire.credential import Mode
from server.portal.fixtures import Browser, PortalServer
from server.portal.mailbox import MailingPortal
from server.portal.operators.people import add_operators
from server.portal.pages.sessions.verifying import prove

LIST = "/console/production/organizations/"
NEW = f"{LIST}new/"
_PATH = re.compile(r'href="(/console/production/organizations/[0-9a-f-]{36}/)">([^<]*)<')


def organizations(browser: Browser, **query: str) -> dict[str, str]:
    """Return the names that the list shows, with their paths."""
    return {name: path for path, name in _PATH.findall(browser.get(LIST, query).text)}


def acme(browser: Browser) -> str:
    return organizations(browser)["Acme Energy"]


def test_the_list_has_partners_alone_and_is_searched_and_filtered(operated: PortalServer) -> None:
    mara = operated.as_("mara")

    assert set(organizations(mara)) == {"Acme Energy", "Bolt Power"}
    assert set(organizations(mara, q="acme")) == {"Acme Energy"}
    assert organizations(mara, state="suspended") == {}
    assert "Nothing found" in mara.get(LIST, {"q": "nobody"}).text


def test_a_cursor_that_no_page_gave_is_an_error_on_the_page(operated: PortalServer) -> None:
    page = operated.as_("mara").get(LIST, {"after": "invented"})

    assert "This is not a cursor" in page.text


def test_an_initial_password_is_shown_once_and_opens_the_portal(operated: PortalServer) -> None:
    mara = operated.as_("mara")

    created = mara.post(NEW, name="Nova Grid", by="password", username="nina", email="")
    shown = mara.get(created.headers["location"])
    again = mara.get(created.headers["location"])

    password = re.search(r'<code id="initial-password"[^>]*>([^<]+)<', shown.text)
    assert password
    assert again.headers["location"] == organizations(mara)["Nova Grid"]
    assert operated.browser().log_in("nina", password[1]).status_code == 303
    assert operated.rows("SELECT detail FROM audit WHERE action = 'organization.created'")[-1] == (
        '{"operator": "mara"}',
    )


def test_a_form_that_is_sent_twice_creates_one_organization(operated: PortalServer) -> None:
    mara = operated.as_("mara")
    form = {"name": "Nova Grid", "by": "password", "username": "nina", "once": mara.form_id(NEW)}

    first, second = mara.post(NEW, **form), mara.post(NEW, **form)
    other = mara.post(NEW, **{**form, "name": "Another"})

    assert first.headers["location"] == second.headers["location"]
    assert other.status_code == 409
    assert list(organizations(mara)).count("Nova Grid") == 1
    assert "Another" not in organizations(mara)


def test_an_invitation_is_mailed_to_the_first_administrator(mailing: MailingPortal) -> None:
    add_operators(mailing)
    mara = mailing.as_("mara")

    created = mara.post(NEW, name="Nova Grid", by="invitation", invite="nina@nova.example")
    page = mara.get(created.headers["location"]).text

    assert "nina@nova.example</span> is invited" in page


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": "", "by": "password", "username": "nina"}, 'id="name-error"'),
        ({"name": "Nova", "by": "password", "username": "no spaces"}, 'id="username-error"'),
        ({"name": "Nova", "by": "password", "username": "anna"}, 'id="username-error"'),
        ({"name": "Nova", "by": "invitation", "invite": "a@b.example"}, "mail"),
        ({"name": "Nova"}, "Choose how the first administrator gets access."),
        ({"name": "N" * 3000, "by": "password", "username": "nina"}, 'id="name-error"'),
    ],
)
def test_what_cannot_be_created_is_said_beside_its_field_and_stays_typed(
    operated: PortalServer, form: dict[str, str], says: str
) -> None:
    mara = operated.as_("mara")

    answer = mara.post(NEW, **form)

    assert answer.status_code in {400, 409}
    assert says in answer.text
    assert f'value="{form["name"]}"' in answer.text
    assert set(organizations(mara)) == {"Acme Energy", "Bolt Power"}


def test_creating_asks_for_a_fresh_proof_and_then_goes_on(
    operated: PortalServer, clock: Clock
) -> None:
    mara = operated.as_("mara")
    clock.advance(FRESH.total_seconds() + 1)

    asked = mara.post(NEW, name="Nova Grid", by="password", username="nina")
    done = prove(mara, asked)

    assert asked.status_code == 403
    assert done.headers["location"].endswith("/initial-password/")
    assert "Nova Grid" in organizations(mara)


def test_renaming_is_seen_at_once_and_an_impossible_name_is_refused(
    operated: PortalServer,
) -> None:
    mara = operated.as_("mara")
    path = acme(mara)

    refused = mara.post(f"{path}rename/", name=" ")
    renamed = mara.post(f"{path}rename/", name="Acme Power")

    assert 'id="name-error"' in refused.text
    assert renamed.headers["location"] == path
    assert "Acme Power" in operated.as_("anna").get("/oauth2/applications/").text


def test_the_page_says_what_a_suspension_stops_and_asks_for_the_name(
    operated: PortalServer,
) -> None:
    operated.as_("anna").register()
    stan = operated.as_("stan")
    path = acme(stan)

    page = stan.get(path).text
    unconfirmed = stan.post(f"{path}suspend/", confirm="acme")
    done = stan.post(f"{path}suspend/", confirm="Acme Energy")

    assert "1 application stops: it was issued 0 tokens in the last hour." in page
    assert "people cannot log in." in page
    assert "This is not the organization&#39;s name." in unconfirmed.text
    assert done.headers["location"] == path
    assert "It is suspended" in stan.get(path).text
    assert set(organizations(stan, state="suspended")) == {"Acme Energy"}


def test_a_suspended_organization_is_resumed(operated: PortalServer) -> None:
    mara = operated.as_("mara")
    path = acme(mara)
    mara.post(f"{path}suspend/", confirm="Acme Energy")

    mara.post(f"{path}resume/")

    assert "It is suspended" not in mara.get(path).text
    assert operated.as_("anna").get("/oauth2/applications/").status_code == 200


def test_security_neither_creates_nor_renames(operated: PortalServer) -> None:
    stan = operated.as_("stan")
    path = acme(stan)

    page = stan.get(path).text

    assert "Rename the organization" not in page
    assert stan.post(f"{path}rename/", name="X").status_code == 403
    assert NEW not in stan.get(LIST).text


def test_an_account_manager_sees_an_application_and_never_a_secret(
    operated: PortalServer,
) -> None:
    anna = operated.as_("anna")
    app_path = anna.register()
    shown_once = anna.get(f"{app_path}credentials/").text
    secret = re.search(r'<code id="client-secret"[^>]*>([^<]+)<', shown_once)
    assert secret
    mara = operated.as_("mara")
    path = acme(mara)
    app_id = app_path.rstrip("/").rpartition("/")[2]

    shown = mara.get(f"{path}applications/{app_id}/")
    pages = [mara.get(path).text, shown.text, mara.get("/console/production/").text]

    assert shown.status_code == 200
    assert secret[1][-4:] in shown.text
    assert all(secret[1] not in page for page in pages)


def test_an_application_is_not_found_below_another_organization(operated: PortalServer) -> None:
    app_id = operated.as_("anna").register().rstrip("/").rpartition("/")[2]
    mara = operated.as_("mara")
    bolt = organizations(mara)["Bolt Power"]

    assert mara.get(f"{bolt}applications/{app_id}/").status_code == 404


def test_the_operating_organization_has_no_page(operated: PortalServer) -> None:
    own = operated.rows("SELECT org_id FROM operating_organization")[0][0]

    assert operated.as_("olga").get(f"{LIST}{own}/").status_code == 404


def test_the_sandbox_of_the_console_acts_in_the_sandbox(operated: PortalServer) -> None:
    mara = operated.as_("mara")
    sandbox = path_of(Mode.TEST)

    form = {"name": "Trial", "by": "password", "username": "tina"}
    created = mara.post(f"{sandbox}organizations/new/", **form)
    shown = mara.get(created.headers["location"]).text

    assert created.headers["location"].startswith(sandbox)
    assert operated.settings.issuer(Mode.TEST) in shown
    assert "SANDBOX" in shown
    assert "Trial" not in organizations(mara)
    assert "Trial" in mara.get(f"{sandbox}organizations/").text
