"""In which language somebody reads pages and mail: as they chose, else as their browser asks."""

import pytest

from gatepass.server.configuration.branding.settings import BrandingSettings, OwnTexts
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from server.portal.conftest import MakePortal
from server.portal.fixtures import NEW_PASSWORD, PASSWORD, Browser, PortalServer
from server.portal.mailbox import MailingPortal, text_of

GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.5"}
LOGIN = "/accounts/login/"
ACCOUNT = "/account/"


def german_browser(portal: PortalServer) -> Browser:
    browser = portal.browser()
    browser.client.headers.update(GERMAN)
    return browser


def language_of(browser: Browser, path: str = LOGIN) -> str:
    html = browser.get(path).text
    return html.partition('<html lang="')[2].partition('"')[0]


def test_a_page_is_in_the_language_that_the_browser_asks_for(portal: PortalServer) -> None:
    assert language_of(german_browser(portal)) == "de"
    assert language_of(portal.browser()) == "en"


@pytest.mark.parametrize("path", ["/nothing/", "/static/0/nothing.css"])
def test_an_error_page_is_in_that_language_too(portal: PortalServer, path: str) -> None:
    assert language_of(german_browser(portal), path) in {"de", ""}


def test_a_form_that_is_too_large_is_refused_in_that_language(portal: PortalServer) -> None:
    refused = german_browser(portal).send(LOGIN, {"username": "x" * 70_000})

    assert refused.status_code == 413
    assert '<html lang="de"' in refused.text


def test_somebody_can_choose_before_the_login(portal: PortalServer) -> None:
    browser = german_browser(portal)

    went_back = browser.get("/language/", {"to": "en", "next": "/accounts/recover/"})

    assert (went_back.status_code, went_back.headers["location"]) == (303, "/accounts/recover/")
    assert language_of(browser) == "en"


@pytest.mark.parametrize("to", ["", "xx", "../de", "en;de", "EN"])
def test_a_language_that_there_is_not_is_not_found(portal: PortalServer, to: str) -> None:
    browser = portal.browser()

    assert browser.get("/language/", {"to": to}).status_code == 404
    assert "language" not in str(browser.client.cookies)


def test_the_choice_leads_to_no_other_host(portal: PortalServer) -> None:
    browser = portal.browser()

    response = browser.get("/language/", {"to": "de", "next": "//evil.example/"})

    assert response.headers["location"] == "/"


def test_a_link_that_is_a_secret_is_in_no_other_link(portal: PortalServer) -> None:
    html = german_browser(portal).get("/accounts/recover/gpr_secret/").text

    assert "/language/?to=" not in html


def test_a_choice_in_the_account_counts_in_every_browser(portal: PortalServer) -> None:
    anna = portal.as_("anna")

    chosen = anna.post("/account/language/", language="de")

    assert (chosen.status_code, chosen.headers["location"]) == (303, ACCOUNT)
    assert "Die Sprache ist geändert." in anna.get(ACCOUNT).text
    assert language_of(portal.as_("anna"), ACCOUNT) == "de"
    assert portal.actions()[-2:] == ["person.language_changed", "login"]


def test_the_choice_in_the_account_is_above_that_of_the_browser(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    anna.post("/account/language/", language="de")

    anna.get("/language/", {"to": "en"})

    assert language_of(anna, ACCOUNT) == "de"


def test_somebody_can_leave_it_to_the_browser_again(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    anna.post("/account/language/", language="de")

    anna.post("/account/language/", language="")

    assert language_of(anna, ACCOUNT) == "en"


def test_an_unknown_language_is_refused_and_changes_nothing(portal: PortalServer) -> None:
    anna = portal.as_("anna")

    refused = anna.post("/account/language/", language="xx")

    assert refused.status_code == 400
    assert language_of(anna, ACCOUNT) == "en"


def test_an_environment_has_the_languages_of_its_settings(make_portal: MakePortal) -> None:
    portal = make_portal(production=EnvironmentSettings(languages=("de",)))

    assert language_of(portal.browser()) == "de"
    assert portal.browser().get("/language/", {"to": "en"}).status_code == 404
    assert 'name="language"' not in portal.as_("anna").get(ACCOUNT).text


def test_the_first_language_of_the_settings_is_for_those_who_ask_for_none_of_them(
    make_portal: MakePortal,
) -> None:
    portal = make_portal(production=EnvironmentSettings(languages=("de", "en")))
    french = portal.browser()
    french.client.headers["accept-language"] = "fr"

    assert language_of(french) == "de"


def test_a_language_that_was_chosen_and_is_gone_counts_as_none(make_portal: MakePortal) -> None:
    make_portal().as_("anna").post("/account/language/", language="de")

    portal = make_portal(production=EnvironmentSettings(languages=("en",)))

    assert language_of(portal.as_("anna"), ACCOUNT) == "en"


def test_an_unknown_language_in_the_settings_is_named() -> None:
    with pytest.raises(ValueError, match="there is no 'xx'; there are: en, de"):
        EnvironmentSettings(languages=("en", "xx"))


def test_the_operators_own_texts_are_shown_in_the_language(make_portal: MakePortal) -> None:
    texts = {"de": OwnTexts(login_text="Nur für Partner.")}
    brand = BrandingSettings(login_text="For partners only.", texts=texts)
    portal = make_portal(branding=brand)

    assert "Nur für Partner." in german_browser(portal).get(LOGIN).text
    assert "For partners only." in portal.browser().get(LOGIN).text


def test_what_is_refused_is_said_in_the_language_and_logged_in_english(
    portal: PortalServer,
) -> None:
    refused = german_browser(portal).log_in("anna", "wrong")

    assert "Der Benutzername oder das Passwort ist falsch." in refused.text


def test_mail_is_in_the_language_of_the_browser_that_was_used_last(
    mailing: MailingPortal,
) -> None:
    mailing.confirm("anna", "anna@acme.example")
    anna = german_browser(mailing)
    anna.log_in("anna")

    anna.post(
        "/accounts/password/",
        current_password=PASSWORD,
        new_password=NEW_PASSWORD,
        new_password_again=NEW_PASSWORD,
    )

    mail = mailing.mails()[-1]
    assert (mail["Subject"], mail["Content-Language"]) == ("Ihr Passwort wurde geändert", "de")
    assert "Umgebung: production" in text_of(mail)
    assert "Das Passwort Ihres Kontos wurde geändert." in text_of(mail)


def test_an_invitation_is_in_the_language_of_who_invites(mailing: MailingPortal) -> None:
    anna = mailing.as_("anna")
    anna.post("/account/language/", language="de")

    anna.post("/team/invite/", email="zoe@acme.example", role="staff")

    (mail,) = (each for each in mailing.mails() if each["To"] == "zoe@acme.example")
    assert mail["Subject"] == "Sie sind zu Acme Energy eingeladen"
    assert "anna" in text_of(mail).lower()


def test_a_link_for_a_forgotten_password_is_mailed_in_the_language_of_the_account(
    mailing: MailingPortal,
) -> None:
    mailing.confirm("anna", "anna@acme.example")
    mailing.as_("anna").post("/account/language/", language="de")
    mailing.mails()

    mailing.browser().post("/accounts/recover/", email="anna@acme.example")

    (mail,) = mailing.mails()
    assert mail["Subject"] == "Ein neues Passwort setzen"
