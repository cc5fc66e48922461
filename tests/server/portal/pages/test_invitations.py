"""Invitations: sent, sent again and revoked by administrators, accepted by whoever has the link."""

import re

import pytest
from httpx2 import Response

from gatepass.testing import Clock
from server.portal.fixtures import NEW_PASSWORD, PASSWORD, Browser, PortalServer
from server.portal.mailbox import MailingPortal, text_of

CARL = "carl@acme.example"
INVITE = "/team/invite/"
DAY = 24 * 3600


def invite(browser: Browser, email: str = CARL, role: str = "staff") -> Response:
    return browser.post(INVITE, email=email, role=role, once=browser.form_id(INVITE))


def link_of(portal: MailingPortal, email: str = CARL) -> str:
    assert invite(portal.as_("anna"), email).status_code == 303
    [path] = portal.paths(email)
    return path


def accept(
    portal: PortalServer, path: str, username: str = "carl", new: str = NEW_PASSWORD
) -> Response:
    form = {"username": username, "new_password": new, "new_password_again": new}
    return portal.browser().post(path, **form)


def action(browser: Browser, name: str) -> str:
    [path] = re.findall(rf'action="(/team/invitations/[^"]+/{name}/)"', browser.get("/team/").text)
    return str(path)


def test_the_invited_chooses_username_and_password_and_the_address_is_confirmed(
    mailing: MailingPortal,
) -> None:
    assert invite(mailing.as_("anna")).status_code == 303
    [mail] = mailing.mails()
    assert mail["Subject"] == "You are invited to Acme Energy"
    assert "a member of the staff of Acme Energy" in text_of(mail)
    [path] = re.findall(r"(/accounts/invitation/\S+)", text_of(mail))
    for _ in range(2):
        shown = mailing.browser().get(path)
        assert "You are invited to Acme Energy" in shown.text
        assert shown.headers["referrer-policy"] == "strict-origin"

    done = accept(mailing, path)

    assert done.headers["location"] == "/accounts/login/?done=invitation"
    found = mailing.person("carl")
    assert (found.role, found.email, found.must_change_password) == ("staff", CARL, False)
    assert mailing.is_confirmed("carl")
    assert mailing.browser().log_in("carl", NEW_PASSWORD).status_code == 303
    assert accept(mailing, path, "carl2").status_code == 404
    assert CARL not in mailing.as_("anna").get("/team/").text.partition("Invitations")[2]
    made = ["invitation.created", "person.added", "invitation.accepted"]
    assert [each for each in mailing.actions() if each in made][-3:] == made


def test_administrators_hear_of_a_new_administrator_who_was_invited(
    mailing: MailingPortal,
) -> None:
    mailing.confirm("anna", "anna@acme.example")
    invite(mailing.as_("anna"), role="admin")
    [path] = mailing.paths(CARL)

    accept(mailing, path)

    told = {mail["To"] for mail in mailing.mails() if "administrator" in mail["Subject"]}
    assert "anna@acme.example" in told


def test_an_invitation_that_is_sent_again_has_a_new_link_and_a_new_week(
    mailing: MailingPortal, clock: Clock
) -> None:
    first = link_of(mailing)
    clock.advance(6 * DAY)
    anna = mailing.as_("anna")

    assert anna.post(action(anna, "resend")).status_code == 303
    [second] = mailing.paths(CARL)

    assert accept(mailing, first).status_code == 404
    clock.advance(6 * DAY)
    assert accept(mailing, second).status_code == 303
    assert "invitation.resent" in mailing.actions()


def test_an_invitation_ends_after_a_week_and_is_listed_as_expired(
    mailing: MailingPortal, clock: Clock
) -> None:
    path = link_of(mailing)
    assert "Invited until" in mailing.as_("sven").get("/team/").text
    clock.advance(7 * DAY)

    assert accept(mailing, path).status_code == 404
    assert "Expired" in mailing.as_("anna").get("/team/").text
    assert accept(mailing, link_of(mailing)).status_code == 303


def test_a_revoked_invitation_cannot_be_accepted(mailing: MailingPortal) -> None:
    path = link_of(mailing)
    anna = mailing.as_("anna")

    assert anna.post(action(anna, "revoke")).status_code == 303

    assert accept(mailing, path).status_code == 404
    assert "invitation.revoked" in mailing.actions()
    assert CARL not in anna.get("/team/").text.partition("Invitations")[2]


def test_a_suspended_organization_takes_nobody_in(mailing: MailingPortal) -> None:
    path = link_of(mailing)
    mailing.run("UPDATE organization SET suspended_at = created_at")

    assert accept(mailing, path).status_code == 404


@pytest.mark.parametrize(
    ("username", "password", "says"),
    [
        ("nora", NEW_PASSWORD, "This username is taken."),
        ("c", NEW_PASSWORD, "A username has 2 to 64 characters"),
        ("carl", "short", "15 characters or more"),
        ("carl", "carl@acme.example and so on", "a name in it"),
    ],
)
def test_what_is_not_accepted_is_said_beside_the_field_and_leaves_the_link(
    mailing: MailingPortal, username: str, password: str, says: str
) -> None:
    path = link_of(mailing)

    refused = accept(mailing, path, username, password)

    assert refused.status_code in {400, 409}
    assert says in refused.text
    assert accept(mailing, path).status_code == 303


@pytest.mark.parametrize(
    ("email", "role", "says"),
    [
        ("carl", "staff", "Give an email address"),
        (CARL, "owner", "Choose a role"),
        ("NORA@acme.example", "staff", "Somebody of the organization has this address."),
    ],
)
def test_an_invitation_that_cannot_be_sent_is_explained(
    mailing: MailingPortal, email: str, role: str, says: str
) -> None:
    refused = invite(mailing.as_("anna"), email, role)

    assert refused.status_code in {400, 409}
    assert says in refused.text
    assert mailing.mails() == []


def test_a_form_sent_twice_invites_once_and_another_one_says_that_it_is_invited(
    mailing: MailingPortal,
) -> None:
    anna = mailing.as_("anna")
    once = anna.form_id(INVITE)
    for _ in range(2):
        assert anna.post(INVITE, email=CARL, role="user", once=once).status_code == 303

    again = invite(anna)

    assert len(mailing.mails()) == 1
    assert again.status_code == 409
    assert "This address is invited already." in again.text


def test_only_an_administrator_invites_and_only_in_their_own_organization(
    mailing: MailingPortal,
) -> None:
    link_of(mailing)
    path = action(mailing.as_("anna"), "revoke")

    assert mailing.as_("sven").post(path).status_code == 403
    assert mailing.as_("bo").post(path).status_code == 404
    assert mailing.as_("bo").post(path.replace("revoke", "resend")).status_code == 404
    assert len(mailing.rows("SELECT * FROM invitation")) == 1


def test_without_mail_the_form_offers_the_initial_password_alone(portal: PortalServer) -> None:
    anna = portal.as_("anna")

    form = anna.get(INVITE)
    sent = anna.post(INVITE, email=CARL, role="staff")

    assert (form.status_code, form.headers["location"]) == (303, "/team/add/")
    assert "nobody can be invited by mail" in anna.get("/team/add/").text
    assert INVITE not in anna.get("/team/").text
    assert "This server sends none" in sent.text or "sends none" in sent.text
    assert portal.rows("SELECT * FROM invitation") == []
    assert anna.log_in("anna", PASSWORD).status_code == 303
