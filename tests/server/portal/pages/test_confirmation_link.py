"""An address is confirmed by the link that was mailed to it, by the person whose it is."""

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.users import operations as people
from gatepass.testing import Clock
from server.portal.fixtures import PASSWORD, PortalServer
from server.portal.mailbox import MailingPortal

OLD, NEW = "nora@acme.example", "nora@new.example"
APPLICATION = Actor("Billing", "198.51.100.9", kind="application")


def change_address(portal: PortalServer, email: str = NEW) -> None:
    found = portal.person("nora")
    people.change(portal.environment.context, APPLICATION, found.org_id, found.id, {"email": email})


def test_a_new_address_counts_and_is_confirmed_after_its_owner_has_opened_the_link(
    mailing: MailingPortal,
) -> None:
    change_address(mailing)
    nora = mailing.as_("nora")
    [path] = mailing.paths(NEW)
    for _ in range(2):
        assert NEW in nora.get(path).text
    assert mailing.person("nora").email == OLD

    done = nora.post(path)

    assert (done.status_code, done.headers["location"]) == (303, "/account/")
    found = mailing.person("nora")
    assert (found.email, found.pending_email) == (NEW, None)
    assert mailing.is_confirmed("nora")
    assert nora.post(path).status_code == 404
    told = {mail["To"] for mail in mailing.mails() if "was changed" in mail["Subject"]}
    assert told == {OLD, NEW}
    assert "person.email_confirmed" in mailing.actions()


def test_an_address_that_was_never_confirmed_is_confirmed_from_the_account_page(
    mailing: MailingPortal,
) -> None:
    nora = mailing.as_("nora")
    assert "Not confirmed" in nora.get("/account/").text

    assert nora.post("/account/email/link/").status_code == 303
    [path] = mailing.paths(OLD)
    assert nora.post(path).status_code == 303

    assert mailing.is_confirmed("nora")
    assert "Not confirmed" not in nora.get("/account/").text
    assert nora.post("/account/email/link/").status_code == 409


def test_a_link_is_its_owners_and_needs_their_login(mailing: MailingPortal) -> None:
    change_address(mailing)
    [path] = mailing.paths(NEW)

    stranger = mailing.browser().get(path)
    other = mailing.as_("anna").post(path)

    assert (stranger.status_code, stranger.headers["location"]) == (
        303,
        f"/accounts/login/?next={path}",
    )
    login = mailing.browser().get(stranger.headers["location"])
    assert login.headers["referrer-policy"] == "strict-origin"
    assert mailing.browser().get("/accounts/login/").headers["referrer-policy"] == "same-origin"
    assert other.status_code == 404
    assert "This link does not work" in other.text
    assert mailing.as_("nora").post(path).status_code == 303


def test_with_mail_nobody_confirms_an_address_without_the_link(mailing: MailingPortal) -> None:
    change_address(mailing)
    nora, anna = mailing.as_("nora"), mailing.as_("anna")
    user_page = f"/team/{mailing.person('nora').id}/"

    own = nora.post("/account/email/confirm/", email=NEW)
    others = anna.post(f"{user_page}email/confirm/", email=NEW, current_password=PASSWORD)

    assert (own.status_code, others.status_code) == (409, 409)
    assert "Open the link that was mailed to this address." in own.text
    assert "email/confirm" not in nora.get("/account/").text
    assert "email/confirm" not in anna.get(user_page).text
    assert mailing.person("nora").email == OLD


def test_a_link_ends_with_its_day_its_successor_and_the_rejection_of_its_address(
    mailing: MailingPortal, clock: Clock
) -> None:
    change_address(mailing)
    [first] = mailing.paths(NEW)
    nora = mailing.as_("nora")
    nora.post("/account/email/link/")
    [second] = mailing.paths(NEW)
    assert nora.post(first).status_code == 404
    nora.post("/account/email/reject/", email=NEW)
    assert nora.post(second).status_code == 404
    nora.post("/account/email/link/")
    [third] = mailing.paths(OLD)
    clock.advance(24 * 3600)

    assert mailing.as_("nora").post(third).status_code == 404
    assert not mailing.is_confirmed("nora")


def test_links_are_sent_to_an_address_only_so_often(mailing: MailingPortal) -> None:
    nora = mailing.as_("nora")

    answers = [nora.post("/account/email/link/").status_code for _ in range(6)]

    assert answers == [*[303] * 5, 429]


def test_without_mail_the_account_page_says_so(portal: PortalServer) -> None:
    nora = portal.as_("nora")

    assert "Mail is not set up here" in nora.get("/account/").text
    assert nora.post("/account/email/link/").status_code == 409
