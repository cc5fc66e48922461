"""A forgotten password: who gets a link, and what a link does, once."""

import re

import pytest
from httpx2 import Response
from structlog.testing import capture_logs

from gatepass.testing import Clock
from server.portal.fixtures import NEW_PASSWORD, PASSWORD, PortalServer
from server.portal.mailbox import MailingPortal, text_of

ANNA = "anna@acme.example"
RECOVER = "/accounts/recover/"
MINUTE = 60


@pytest.fixture
def portal_with_mail(mailing: MailingPortal) -> MailingPortal:
    mailing.confirm("anna", ANNA)
    return mailing


def ask(portal: PortalServer, email: str, source: str = "198.51.100.7") -> Response:
    return portal.browser(source).post(RECOVER, email=email)


def link_of(portal: MailingPortal, email: str = ANNA, source: str = "198.51.100.7") -> str:
    assert ask(portal, email, source).status_code == 200
    [path] = portal.paths(email)
    return path


def set_password(portal: PortalServer, path: str, new: str = NEW_PASSWORD) -> Response:
    return portal.browser().post(path, new_password=new, new_password_again=new)


def without_tokens(text: str) -> str:
    return re.sub(r'name="csrf" value="[^"]*"', "", text)


def can_log_in(portal: PortalServer, username: str, password: str) -> bool:
    return portal.browser().log_in(username, password).status_code == 303


@pytest.mark.spec("ASVS", "6.4.3")
def test_a_link_sets_a_new_password_and_ends_the_other_sessions(
    portal_with_mail: MailingPortal,
) -> None:
    elsewhere = portal_with_mail.as_("anna")
    path = link_of(portal_with_mail)

    done = set_password(portal_with_mail, path)

    assert (done.status_code, done.headers["location"]) == (303, "/accounts/login/?done=password")
    assert not elsewhere.is_logged_in()
    assert can_log_in(portal_with_mail, "anna", NEW_PASSWORD)
    assert not can_log_in(portal_with_mail, "anna", PASSWORD)
    [told, *_] = portal_with_mail.mails()
    assert (told["To"], told["Subject"]) == (ANNA, "Your password was changed")
    actions = portal_with_mail.actions()
    assert {"person.recovery_requested", "person.password_recovered"} <= set(actions)


def test_looking_at_a_link_does_not_use_it_up_and_using_it_does(
    portal_with_mail: MailingPortal,
) -> None:
    path = link_of(portal_with_mail)
    for _ in range(2):
        shown = portal_with_mail.browser().get(path)
        assert "Set a new password" in shown.text
        assert shown.headers["cache-control"] == "no-store"
        assert shown.headers["referrer-policy"] == "strict-origin"

    assert set_password(portal_with_mail, path).status_code == 303

    assert portal_with_mail.browser().get(path).status_code == 404
    assert set_password(portal_with_mail, path, PASSWORD).status_code == 404
    assert can_log_in(portal_with_mail, "anna", NEW_PASSWORD)


def test_a_password_that_is_not_accepted_leaves_the_link(portal_with_mail: MailingPortal) -> None:
    path = link_of(portal_with_mail)

    refused = set_password(portal_with_mail, path, "too short")

    assert refused.status_code == 400
    assert "15 characters or more" in refused.text
    assert set_password(portal_with_mail, path).status_code == 303


def test_every_link_that_does_not_work_gets_one_and_the_same_page(
    portal_with_mail: MailingPortal, clock: Clock
) -> None:
    used = link_of(portal_with_mail)
    set_password(portal_with_mail, used)
    replaced = link_of(portal_with_mail)
    late = link_of(portal_with_mail)
    mutated = late[:-2] + ("A/" if late[-2] != "A" else "B/")
    elsewhere = portal_with_mail.browser(sandbox=True).get(late)
    clock.advance(30 * MINUTE)
    other_purpose = late.replace("recover", "invitation")

    paths = used, replaced, late, mutated, other_purpose, f"{RECOVER}x/"
    pages = [portal_with_mail.browser().get(path) for path in paths]
    posted = [set_password(portal_with_mail, path, PASSWORD) for path in paths]

    assert {page.status_code for page in (*pages, *posted, elsewhere)} == {404}
    assert len({without_tokens(page.text) for page in (*pages, *posted)}) == 1
    assert "This link does not work" in pages[0].text
    assert "Use the newest mail." in elsewhere.text
    assert can_log_in(portal_with_mail, "anna", NEW_PASSWORD)


@pytest.mark.spec("ASVS", "6.3.8")
def test_known_and_unknown_addresses_get_the_same_answer_and_leave_the_same_behind(
    portal_with_mail: MailingPortal,
) -> None:
    answers, left = [], []
    for email in (ANNA, "nobody@acme.example"):
        before = portal_with_mail.rows("SELECT count(*) FROM throttle")[0][0]
        answer = ask(portal_with_mail, email)
        answers.append((answer.status_code, without_tokens(answer.text).replace(email, "EMAIL")))
        left.append(portal_with_mail.rows("SELECT count(*) FROM throttle")[0][0] - before)

    assert answers[0] == answers[1]
    assert left == [2, 1]  # the network's row was there already
    assert {mail["To"] for mail in portal_with_mail.mails()} == {ANNA}
    assert portal_with_mail.rows("SELECT * FROM outbox WHERE channel = 'request'") == []


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM confirmed_email",
        "UPDATE person SET disabled_at = created_at",
        "UPDATE person SET password_hash = NULL",
        "UPDATE organization SET suspended_at = created_at",
    ],
)
def test_whoever_cannot_log_in_or_has_no_confirmed_address_gets_no_mail_and_no_use_of_a_link(
    portal_with_mail: MailingPortal, change: str
) -> None:
    path = link_of(portal_with_mail)
    portal_with_mail.run(change)

    assert ask(portal_with_mail, ANNA).status_code == 200

    assert portal_with_mail.mails() == []
    assert set_password(portal_with_mail, path).status_code == 404


def test_accounts_of_two_organizations_with_one_address_get_one_mail_with_a_link_for_each(
    portal_with_mail: MailingPortal,
) -> None:
    portal_with_mail.confirm("bo", ANNA)
    ask(portal_with_mail, ANNA)

    [mail] = portal_with_mail.mails()

    text = text_of(mail)
    assert "anna, Acme Energy" in text
    assert "bo, Bolt Power" in text
    paths = re.findall(r"new password for (\w+):\n\S+?(/accounts/recover/\S+)", text)
    assert [name for name, _ in paths] == ["anna", "bo"]
    assert set_password(portal_with_mail, dict(paths)["bo"]).status_code == 303
    assert can_log_in(portal_with_mail, "bo", NEW_PASSWORD)
    assert can_log_in(portal_with_mail, "anna", PASSWORD)
    assert set_password(portal_with_mail, dict(paths)["anna"]).status_code == 303


def test_the_mail_goes_to_the_address_as_it_was_confirmed(portal_with_mail: MailingPortal) -> None:
    ask(portal_with_mail, "\uff41nna@ACME.example")  # folds to the same address

    assert [mail["To"] for mail in portal_with_mail.mails()] == [ANNA]


def test_a_bombardment_of_one_address_is_bounded_and_its_owner_still_gets_in(
    portal_with_mail: MailingPortal, clock: Clock
) -> None:
    links = []
    for number in range(24):  # within two minutes, from as many networks
        assert ask(portal_with_mail, ANNA, f"198.51.100.{number}").status_code == 200
        links += portal_with_mail.paths(ANNA)
        clock.advance(5)

    assert len(links) < 9
    assert set_password(portal_with_mail, links[-1]).status_code == 303
    assert can_log_in(portal_with_mail, "anna", NEW_PASSWORD)


def test_one_network_that_asks_for_many_addresses_has_to_wait(
    portal_with_mail: MailingPortal,
) -> None:
    answers = [ask(portal_with_mail, f"person{number}@acme.example") for number in range(22)]

    assert [each.status_code for each in answers] == [*[200] * 20, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert ask(portal_with_mail, ANNA, "192.0.2.77").status_code == 200


@pytest.mark.spec("ASVS", "16.2.5")
def test_the_token_of_a_link_is_neither_in_the_database_nor_the_log_nor_the_audit_trail(
    portal_with_mail: MailingPortal,
) -> None:
    with capture_logs() as logged:
        path = link_of(portal_with_mail)
        portal_with_mail.browser().get(path)
        portal_with_mail.browser().send(path, {"csrf": "wrong"})
        portal_with_mail.as_("ulla").post(path, new_password="x")
        set_password(portal_with_mail, path)
        set_password(portal_with_mail, path)

    token = path.split("/")[-2]
    assert token not in str(logged)
    assert {"page.refused", "link.refused"} <= {line["event"] for line in logged}
    assert token.encode() not in portal_with_mail.dump()


def test_what_is_no_address_is_refused_beside_the_field(portal_with_mail: MailingPortal) -> None:
    refused = ask(portal_with_mail, "anna")

    assert refused.status_code == 400
    assert "Give an email address" in refused.text


def test_a_link_ends_when_the_password_or_the_address_changes_otherwise(
    portal_with_mail: MailingPortal,
) -> None:
    path = link_of(portal_with_mail)
    changed = portal_with_mail.as_("anna").post(
        "/accounts/password/",
        current_password=PASSWORD,
        new_password=NEW_PASSWORD,
        new_password_again=NEW_PASSWORD,
    )
    assert changed.status_code == 303

    assert set_password(portal_with_mail, path, PASSWORD).status_code == 404


def test_without_mail_the_pages_say_whom_to_ask(portal: PortalServer) -> None:
    browser = portal.browser()

    login, page = browser.get("/accounts/login/").text, browser.get(RECOVER).text

    assert RECOVER not in login
    assert "Ask an administrator of your organization for a new initial password" in login
    assert "This portal sends no mail." in page
    assert browser.post(RECOVER, email=ANNA).text.count("This portal sends no mail.") == 1
    assert portal.rows("SELECT * FROM outbox") == []
