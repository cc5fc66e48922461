"""The page of one's own factors: names, removal, recovery codes, and who is told."""

from uuid import uuid4

import pytest

from gatepass.testing import Clock
from server.portal.factors.authenticator import Authenticator
from server.portal.factors.people import (
    APPS,
    CODES,
    FACTORS,
    SECOND_STEP,
    add_app,
    add_passkey,
    recovery_codes,
    setup_of,
)
from server.portal.fixtures import Browser, PortalServer
from server.portal.mailbox import MailingPortal, text_of

ANNA = "anna@acme.example"
TABLES = "passkey", "authenticator_app", "recovery_code"


def factor_id(portal: PortalServer, table: str = "authenticator_app") -> str:
    return str(portal.rows(f"SELECT id FROM {table}")[0][0])


def left(portal: PortalServer) -> list[int]:
    return [int(portal.rows(f"SELECT count(*) FROM {table}")[0][0]) for table in TABLES]


@pytest.mark.spec("ASVS", "7.4.3")
def test_a_new_factor_ends_the_other_sessions(portal: PortalServer, clock: Clock) -> None:
    elsewhere, here = portal.as_("anna"), portal.as_("anna")

    add_app(here, clock)

    assert here.is_logged_in()
    assert not elsewhere.is_logged_in()


@pytest.mark.spec("ASVS", "6.3.7")
def test_each_change_is_mailed(mailing: MailingPortal, clock: Clock) -> None:
    mailing.confirm("anna", ANNA)
    browser = mailing.as_("anna")
    add_app(browser, clock, "My phone")
    add_passkey(browser, Authenticator(), "Laptop")
    browser.post(CODES)
    browser.post(f"{FACTORS}{factor_id(mailing)}/remove/")

    mails = mailing.mails()

    assert [mail["Subject"] for mail in mails] == [
        "A second factor was added to your account",
        "A second factor was added to your account",
        "You have new recovery codes",
        "A second factor was removed from your account",
    ]
    assert "“My phone”" in text_of(mails[0])
    assert f"{mailing.environment.issuer}{FACTORS}" in text_of(mails[0])


def test_a_wrong_code_at_the_set_up_keeps_the_secret_and_the_name(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    setup, key = setup_of(browser.get(APPS))

    refused = browser.post(APPS, setup=setup, name="My phone", code="000000")

    assert refused.status_code == 400
    assert setup_of(refused) == (setup, key)
    assert 'value="My phone"' in refused.text
    assert left(portal) == [0, 0, 0]


@pytest.mark.parametrize("setup", ["", "nonsense", "AAAA", "x" * 4000])
def test_a_set_up_that_is_not_ours_begins_again(portal: PortalServer, setup: str) -> None:
    refused = portal.as_("anna").post(APPS, setup=setup, name="My phone", code="000000")

    assert "Scan the new QR code." in refused.text


def test_a_set_up_of_another_session_begins_again(portal: PortalServer) -> None:
    setup, _ = setup_of(portal.as_("anna").get(APPS))

    refused = portal.as_("anna").post(APPS, setup=setup, name="My phone", code="000000")

    assert "Scan the new QR code." in refused.text


def test_the_code_that_confirmed_an_app_does_not_log_in(portal: PortalServer, clock: Clock) -> None:
    app = add_app(portal.as_("anna"), clock)
    browser = portal.browser()
    browser.log_in("anna")

    assert browser.post(SECOND_STEP, code=app.code(-30)).status_code == 400


def test_a_factor_is_renamed(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    add_app(browser, clock)

    browser.post(f"{FACTORS}{factor_id(portal)}/rename/", name="  Old phone ")

    assert "Old phone" in browser.get(FACTORS).text
    assert portal.actions()[-1] == "factor.renamed"


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\u202eb"])
def test_a_name_that_is_none_is_said_beside_its_field(
    portal: PortalServer, clock: Clock, name: str
) -> None:
    browser = portal.as_("anna")
    add_app(browser, clock)
    known = factor_id(portal)

    refused = browser.post(f"{FACTORS}{known}/rename/", name=name)

    assert refused.status_code == 400
    assert "-error" in refused.text


@pytest.mark.spec("ASVS", "8.2.2")
@pytest.mark.parametrize("what", ["rename", "remove"])
def test_a_factor_of_somebody_else_is_not_there(
    portal: PortalServer, clock: Clock, what: str
) -> None:
    add_app(portal.as_("anna"), clock)
    sven = portal.as_("sven")

    others = sven.post(f"{FACTORS}{factor_id(portal)}/{what}/", name="Mine")
    nobodys = sven.post(f"{FACTORS}{uuid4()}/{what}/", name="Mine")

    assert (others.status_code, nobodys.status_code) == (404, 404)
    assert portal.rows("SELECT name FROM authenticator_app") == [("My phone",)]


def test_the_last_factor_goes_with_its_recovery_codes(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    add_app(browser, clock)

    browser.post(f"{FACTORS}{factor_id(portal)}/remove/")

    assert left(portal) == [0, 0, 0]
    assert portal.as_("anna").is_logged_in()


def test_one_of_two_factors_goes_and_the_codes_stay(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    add_app(browser, clock)
    add_passkey(browser, Authenticator())

    browser.post(f"{FACTORS}{factor_id(portal)}/remove/")

    assert left(portal) == [1, 0, 10]


def test_the_last_factor_stays_where_no_recovery_codes_are_left(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    add_app(browser, clock)
    portal.run("DELETE FROM recovery_code")

    refused = browser.post(f"{FACTORS}{factor_id(portal)}/remove/")

    assert refused.status_code == 400
    assert "no recovery codes left" in refused.text
    assert left(portal) == [0, 1, 0]


def test_new_recovery_codes_end_the_earlier_ones(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    add_app(browser, clock)
    old = recovery_codes(browser)
    browser.post(CODES)
    new = recovery_codes(browser)
    step = portal.browser()
    step.log_in("anna")

    assert len(new) == 10
    assert step.post(SECOND_STEP, recovery_code=old[0]).status_code == 400
    assert step.post(SECOND_STEP, recovery_code=new[0]).status_code == 303


def test_recovery_codes_need_a_factor(portal: PortalServer) -> None:
    browser = portal.as_("anna")

    browser.post(CODES)

    assert "Add a passkey or an authenticator app first." in browser.get(FACTORS).text
    assert left(portal) == [0, 0, 0]


def test_there_are_at_most_five_apps(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    for number in range(5):
        add_app(browser, clock, f"Phone {number}")

    with pytest.raises(AssertionError, match="You have 5 apps already"):
        add_app(browser, clock)


def test_the_pages_are_under_60_kilobytes(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    for number in range(5):
        add_app(browser, clock, f"Phone {number}")

    assert all(size(browser, path) < 60_000 for path in (FACTORS, APPS, CODES))


def size(browser: Browser, path: str) -> int:
    return len(browser.get(path).content)
