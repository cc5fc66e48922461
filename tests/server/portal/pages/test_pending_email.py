"""A new address of somebody who logs in: pending, confirmed or rejected, and who is told."""

import re
from html import unescape

import pytest
from httpx2 import Response

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.audit.model import OPERATOR, Actor
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users import operations as people
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.sessions.verifying import prove
from server.portal.pages.test_team import path_of

NEW = "nora@new.example"
APPLICATION = Actor("Billing <sync>", "198.51.100.9", kind="application")


def ask_for(
    portal: PortalServer, email: str = NEW, username: str = "nora", by: Actor = APPLICATION
) -> None:
    found = portal.person(username)
    people.change(portal.environment.context, by, found.org_id, found.id, {"email": email})


def text_of(response: Response) -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", response.text)).split())


def dismiss_all(browser: Browser) -> None:
    for path in re.findall(r'action="(/account/notices/[^"]+)"', browser.get("/account/").text):
        assert browser.post(path).status_code == 303


def test_the_person_is_told_on_their_next_page_who_did_what_and_what_to_do(
    portal: PortalServer,
) -> None:
    nora = portal.as_("nora")
    ask_for(portal)

    for path in ("/oauth2/applications/", "/account/", "/team/"):
        text = text_of(nora.get(path))
        assert f"A new email address was given for you: {NEW}" in text
        assert 'by the application "Billing <sync>"' in text
        assert "Confirm or reject it on your account page" in text
    assert NEW not in portal.as_("anna").get("/account/").text


def test_nobody_is_told_before_they_have_a_password_of_their_own(portal: PortalServer) -> None:
    nils = portal.as_("nils")
    ask_for(portal, username="nils")

    assert NEW not in nils.get("/accounts/password/").text


def test_its_owner_confirms_it_and_then_it_counts(portal: PortalServer) -> None:
    nora = portal.as_("nora")
    ask_for(portal)
    assert portal.person("nora").email == "nora@acme.example"

    response = nora.post("/account/email/confirm/", email=NEW)

    assert (response.status_code, response.headers["location"]) == (303, "/account/")
    person = portal.person("nora")
    assert (person.email, person.pending_email) == (NEW, None)
    assert (person.pending_email_at, person.pending_email_by) == (None, None)
    text = text_of(nora.get("/account/"))
    assert "was given for you" not in text
    assert "confirmed by" not in text
    assert portal.actions()[-1] == "person.email_confirmed"


def test_its_owner_rejects_it_and_the_old_one_stays(portal: PortalServer) -> None:
    nora = portal.as_("nora")
    ask_for(portal)

    nora.post("/account/email/reject/", email=NEW)

    person = portal.person("nora")
    assert (person.email, person.pending_email) == ("nora@acme.example", None)
    assert NEW not in nora.get("/account/").text
    assert portal.actions()[-1] == "person.email_rejected"


@pytest.mark.parametrize("what", ["confirm", "reject"])
def test_only_the_address_that_was_seen_is_decided_about(portal: PortalServer, what: str) -> None:
    nora = portal.as_("nora")
    ask_for(portal)
    ask_for(portal, "eve@new.example")

    for email in (NEW, "", "nora@acme.example"):
        response = nora.post(f"/account/email/{what}/", email=email)
        assert response.status_code == 409
        assert "No such address is pending any more" in response.text
    assert portal.person("nora").pending_email == "eve@new.example"


def test_one_that_somebody_has_by_now_is_refused_with_the_reason(portal: PortalServer) -> None:
    nora = portal.as_("nora")
    ask_for(portal)
    initial_passwords.add_with_access(
        portal.environment.context,
        OPERATOR,
        portal.person("nora").org_id,
        username="pia",
        email=NEW.upper(),
        initial=run(initial_passwords.new_password(portal.environment.hasher)),
        role="user",
    )

    response = nora.post("/account/email/confirm/", email=NEW)

    assert response.status_code == 409
    assert "Somebody of the organization has this address." in response.text
    assert portal.person("nora").email == "nora@acme.example"


def test_another_administrator_confirms_it_and_the_person_is_told(
    portal: PortalServer,
) -> None:
    anna, nora = portal.as_("anna"), portal.as_("nora")
    ask_for(portal)
    page = path_of(portal, "nora")
    assert NEW in anna.get(page).text

    response = anna.post(f"{page}email/confirm/", email=NEW)

    assert response.status_code == 303
    assert portal.person("nora").email == NEW
    assert f"Your email address is now {NEW} , confirmed by anna" in text_of(nora.get("/account/"))
    dismiss_all(nora)
    assert "is now" not in text_of(nora.get("/account/"))


def test_another_administrator_rejects_it_and_the_person_is_told(portal: PortalServer) -> None:
    anna, nora = portal.as_("anna"), portal.as_("nora")
    ask_for(portal)

    assert anna.post(f"{path_of(portal, 'nora')}email/reject/", email=NEW).status_code == 303
    assert portal.person("nora").email == "nora@acme.example"
    assert f"The new email address {NEW} was rejected by anna" in text_of(nora.get("/account/"))


def test_without_a_fresh_proof_of_the_administrator_nothing_counts(
    portal: PortalServer, clock: Clock
) -> None:
    anna = portal.as_("anna")
    ask_for(portal)
    clock.advance(600)

    asked = anna.post(f"{path_of(portal, 'nora')}email/confirm/", email=NEW)

    assert asked.status_code == 403
    assert portal.person("nora").email == "nora@acme.example"
    assert prove(anna, asked).status_code == 303
    assert portal.person("nora").email == NEW


def test_the_team_page_does_not_decide_about_ones_own_address(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    ask_for(portal, username="anna")

    for what in ("confirm", "reject"):
        response = anna.post(f"{path_of(portal, 'anna')}email/{what}/", email=NEW)
        assert response.status_code == 409
    assert portal.person("anna").pending_email == NEW


@pytest.mark.parametrize(("username", "status"), [("sven", 403), ("ulla", 403), ("bo", 404)])
@pytest.mark.parametrize("what", ["confirm", "reject"])
def test_nobody_but_an_administrator_decides_about_others(
    portal: PortalServer, username: str, status: int, what: str
) -> None:
    ask_for(portal)

    response = portal.as_(username).post(f"{path_of(portal, 'nora')}email/{what}/", email=NEW)

    assert response.status_code == status
    assert portal.person("nora").pending_email == NEW


def test_nobody_dismisses_the_notices_of_others(portal: PortalServer) -> None:
    nora = portal.as_("nora")
    ask_for(portal)
    [path] = re.findall(r'action="(/account/notices/[^"]+)"', nora.get("/account/").text)

    assert portal.as_("anna").post(path).status_code == 404
    assert "was given for you" in text_of(nora.get("/account/"))


def test_a_demoted_administrator_is_told_and_loses_the_rights_within_the_session(
    portal: PortalServer,
) -> None:
    nora = portal.as_("nora")
    assert nora.get("/activity/").status_code == 200

    portal.as_("anna").post(f"{path_of(portal, 'nora')}role/", role="user")

    assert nora.get("/activity/").status_code == 403
    assert nora.get("/oauth2/applications/").status_code == 403
    text = text_of(nora.get("/account/"))
    assert "Your role was changed to User by anna" in text


def test_who_changes_their_own_role_is_not_told(portal: PortalServer) -> None:
    nora = portal.as_("nora")
    nora.post(f"{path_of(portal, 'nora')}role/", role="staff")

    assert "Your role was changed" not in text_of(nora.get("/account/"))


def test_notices_are_bounded_however_often_something_changes(portal: PortalServer) -> None:
    nora = portal.as_("nora")
    found = portal.person("nora")
    for number in range(40):
        role = "staff" if number % 2 else "admin"
        people.change(
            portal.environment.context, APPLICATION, found.org_id, found.id, {"role": role}
        )
        portal.clock.advance(1)

    assert nora.get("/account/").text.count("/account/notices/") == 10


def test_a_deleted_person_is_logged_out(portal: PortalServer) -> None:
    nora, found = portal.as_("nora"), portal.person("nora")

    people.remove(portal.environment.context, APPLICATION, found.org_id, found.id)

    assert not nora.is_logged_in()
    assert portal.rows(
        "SELECT count(*) FROM session WHERE person_id NOT IN (SELECT id FROM person)"
    )[0] == (0,)


@pytest.mark.parametrize("what", ["person", "organization"])
def test_sessions_that_ended_with_a_stop_stay_ended_after_it(
    portal: PortalServer, what: str
) -> None:
    nora, found = portal.as_("nora"), portal.person("nora")
    for stopped in (True, False):
        if what == "person":
            people.set_enabled(
                portal.environment.context, OPERATOR, found.org_id, found.id, enabled=not stopped
            )
        else:
            organization_lifecycle.set_suspended(
                portal.environment.context, OPERATOR, found.org_id, suspended=stopped
            )

    assert not nora.is_logged_in()
    assert portal.as_("nora").is_logged_in()
