"""The page of policies: what it shows, what it accepts, and who may do what because of it."""

import re
from html import unescape

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations.policies.fields import Value
from gatepass.server.domain.users.sessions import policies
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer
from server.portal.mailbox import MailingPortal, text_of

PAGE = "/team/policies/"
REGISTER = "/oauth2/applications/register/"
OPEN = {
    "second_factor": "open",
    "session_idle": "",
    "session_absolute": "",
    "registration": "open",
    "single_sign_on": "open",
    "secret_lifetime": "",
    "leaked_secret": "open",
    "leaked_secret_grace": "",
    "new_applications": "open",
}


def words(text: str) -> str:
    """Return the text of a page without markup, as somebody reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def seen(browser: Browser) -> str:
    [found] = re.findall(r'name="seen" value="([^"]*)"', browser.get(PAGE).text)
    return unescape(found)


def set_by_operator(portal: PortalServer, **values: Value) -> None:
    settings = portal.environment.session_settings
    policies.change(portal.environment.context, settings, OPERATOR, None, values)


def test_the_page_says_for_each_field_what_is_demanded_by_whom_and_what_is_in_force(
    portal: PortalServer,
) -> None:
    set_by_operator(portal, session_idle=900, single_sign_on="required")
    anna = portal.as_("anna")
    anna.post(PAGE, **{**OPEN, "session_idle": "10m"})

    shown = words(anna.get(PAGE).text)

    assert "Single sign-on In force Required Operator Required Your organization Nothing" in shown
    assert (
        "Idle limit In force 10 minutes Operator 15 minutes Your organization 10 minutes" in shown
    )
    assert "Session limit In force 12 hours Operator 12 hours Your organization Nothing" in shown
    assert "In force Administrators only Operator Leaves it to you" in shown


def test_the_team_page_leads_administrators_there(portal: PortalServer) -> None:
    assert f'href="{PAGE}"' in portal.as_("anna").get("/team/").text
    assert f'href="{PAGE}"' not in portal.as_("sven").get("/team/").text


def test_what_is_looser_than_the_operator_is_not_offered_and_a_forged_form_refused(
    portal: PortalServer,
) -> None:
    set_by_operator(portal, registration="administrators")
    anna = portal.as_("anna")

    offered = anna.get(PAGE).text
    response = anna.post(PAGE, **{**OPEN, "registration": "staff"})

    assert 'value="staff"' not in offered
    assert response.status_code == 400
    assert "The operator demands: Administrators only." in unescape(response.text)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("session_idle", "soon"),
        ("session_idle", "30"),
        ("session_absolute", "2d"),
        ("second_factor", "never"),
        ("single_sign_on", "<script>"),
    ],
)
def test_a_wrong_value_is_said_beside_its_field_and_what_was_typed_stays(
    portal: PortalServer, field: str, typed: str
) -> None:
    anna = portal.as_("anna")
    form = {**OPEN, "session_idle": "15m", field: typed}

    response = anna.post(PAGE, **form)

    assert response.status_code == 400
    assert f'id="{field}-error"' in response.text
    if field != "session_idle":
        assert 'value="15m"' in response.text
    if field.startswith("session"):
        assert f'value="{typed}"' in response.text
    assert portal.rows("SELECT * FROM policy") == []


def test_a_form_from_before_another_administrators_change_changes_nothing(
    portal: PortalServer,
) -> None:
    anna, nora = portal.as_("anna"), portal.as_("nora")
    before = seen(anna)
    nora.post(PAGE, **{**OPEN, "registration": "staff"})

    response = anna.post(PAGE, **{**OPEN, "session_idle": "15m"}, seen=before)

    assert response.status_code == 409
    assert "Somebody has changed the policies meanwhile." in response.text
    assert portal.rows("SELECT registration, session_idle FROM policy") == [("staff", None)]


@pytest.mark.parametrize(
    "hostile", ["{", "[]", '{"org_id": 1}', "null", "5", '{"session_idle": 1}']
)
def test_a_forged_note_of_what_was_seen_is_harmless(portal: PortalServer, hostile: str) -> None:
    response = portal.as_("anna").post(PAGE, **OPEN, seen=hostile)

    assert response.status_code in {303, 409}
    assert portal.rows("SELECT * FROM policy") == []


def test_a_change_is_on_the_activity_page_in_words(portal: PortalServer) -> None:
    anna = portal.as_("anna")

    anna.post(PAGE, **{**OPEN, "session_idle": "15m"})

    shown = words(anna.get("/activity/").text)
    assert "Changed the policies. Before: Idle limit: not set. Now: Idle limit: 15m" in shown


def test_a_change_is_mailed_to_the_administrators(mailing: MailingPortal) -> None:
    mailing.confirm("nora", "nora@acme.example")

    mailing.as_("anna").post(PAGE, **{**OPEN, "session_idle": "15m"})

    [mail] = mailing.mails()
    assert mail["To"] == "nora@acme.example"
    assert mail["Subject"] == "The policies of your organization were changed"
    assert "Idle limit: 15m" in text_of(mail)
    assert "/team/policies/" in text_of(mail)


def test_a_shorter_idle_limit_ends_a_session_at_its_next_click(
    portal: PortalServer, clock: Clock
) -> None:
    anna, sven = portal.as_("anna"), portal.as_("sven")
    clock.advance(301)
    assert anna.is_logged_in()

    anna.post(PAGE, **{**OPEN, "session_idle": "5m"})

    assert not sven.is_logged_in()
    assert anna.is_logged_in()


def test_staff_register_applications_only_where_a_policy_says_so(portal: PortalServer) -> None:
    sven = portal.as_("sven")
    assert sven.get(REGISTER).status_code == 403
    assert REGISTER not in sven.get("/oauth2/applications/").text

    portal.as_("anna").post(PAGE, **{**OPEN, "registration": "staff"})

    assert REGISTER in sven.get("/oauth2/applications/").text
    path = sven.register("Meter import")
    shown = sven.get(f"{path}credentials/")
    assert shown.status_code == 200
    assert "Meter import is registered" in shown.text
    assert sven.post(f"{path}stored/", stored="yes").status_code == 303
    assert sven.get(path).status_code == 200


def test_staff_who_may_register_may_nothing_else(portal: PortalServer) -> None:
    anna, sven = portal.as_("anna"), portal.as_("sven")
    anna.post(PAGE, **{**OPEN, "registration": "staff"})
    own, others = sven.register("Meter import"), anna.register("Billing sync")

    refused = [
        sven.post(f"{own}{action}/").status_code
        for action in ("rotate", "rename", "scope", "void", "disable", "delete", "test-token")
    ]

    assert refused == [403] * len(refused)
    assert 'id="client-secret"' not in sven.get(f"{others}credentials/").text
    assert sven.post(f"{others}stored/", stored="yes").status_code == 404
    assert sven.get(PAGE).status_code == 403


def test_staff_cannot_give_an_application_power_over_users_of_the_portal(
    portal: PortalServer,
) -> None:
    portal.as_("anna").post(PAGE, **{**OPEN, "registration": "staff"})
    sven = portal.as_("sven")
    assert "portal_users" not in sven.get(REGISTER).text

    path = sven.register("Meter import", scope_portal_users="yes")

    assert portal.rows("SELECT scope FROM application") == [("read write",)], path


def test_users_never_register_applications(portal: PortalServer) -> None:
    portal.as_("anna").post(PAGE, **{**OPEN, "registration": "staff"})

    assert portal.as_("ulla").get(REGISTER).status_code == 403


def test_staff_lose_the_right_to_register_at_once(portal: PortalServer) -> None:
    anna, sven = portal.as_("anna"), portal.as_("sven")
    anna.post(PAGE, **{**OPEN, "registration": "staff"})
    path = sven.register("Meter import")

    anna.post(PAGE, **{**OPEN, "registration": "administrators"})

    assert sven.get(REGISTER).status_code == 403
    assert 'id="client-secret"' not in sven.get(f"{path}credentials/").text
