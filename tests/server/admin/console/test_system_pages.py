"""People, keys, the audit trail, operators and the system, in the console."""

import json
import re
from datetime import UTC, datetime
from uuid import UUID

import pytest

from gatepass.server.admin.operations.model import Role
from gatepass.wire.credential import Mode
from server.portal.fixtures import PASSWORD, PortalServer
from server.portal.mailbox import MailingPortal
from server.portal.operators.people import add_operators

BASE = "/console/production/"
_PASSWORD = re.compile(r'<code id="initial-password"[^>]*>([^<]+)<')


def path_of(portal: PortalServer, username: str) -> str:
    """Return the page of somebody of a partner."""
    person = portal.person(username)
    return f"{BASE}organizations/{person.org_id}/people/{person.id}/"


def test_an_administrator_who_lost_the_password_gets_one_that_is_shown_once(
    operated: PortalServer,
) -> None:
    mara, path = operated.as_("mara"), path_of(operated, "anna")

    made = mara.post(f"{path}password/")
    found = _PASSWORD.search(mara.get(made.headers["location"]).text)

    assert found
    assert mara.get(made.headers["location"]).headers["location"] == path
    assert operated.browser().log_in("anna", PASSWORD).status_code != 303
    assert operated.browser().log_in("anna", found[1]).status_code == 303


def test_a_disabled_person_is_enabled_again(operated: PortalServer) -> None:
    stan, path = operated.as_("stan"), path_of(operated, "sven")

    stan.post(f"{path}disable/")
    refused = operated.browser().log_in("sven").status_code
    stan.post(f"{path}enable/")

    assert refused != 303
    assert operated.browser().log_in("sven").status_code == 303


def test_security_sees_a_person_and_cannot_take_over_their_account(
    operated: PortalServer,
) -> None:
    stan, path = operated.as_("stan"), path_of(operated, "anna")

    assert "Set an initial password" not in stan.get(path).text
    assert stan.post(f"{path}password/").status_code == 403


def test_an_operator_has_no_page_among_the_people_of_partners(operated: PortalServer) -> None:
    assert operated.as_("mara").get(path_of(operated, "olga")).status_code == 404
    assert operated.as_("mara").post(f"{path_of(operated, 'olga')}password/").status_code == 404


def test_an_organization_is_found_by_whatever_leads_to_it(operated: PortalServer) -> None:
    anna = operated.as_("anna")
    anna.register()
    acme = str(operated.person("anna").org_id)
    client_id = str(operated.rows("SELECT client_id FROM application")[0][0])
    mara = operated.as_("mara")

    for text in (acme, client_id, "sven", "NORA@acme.example"):
        page = mara.get(f"{BASE}organizations/", {"q": text}).text
        assert f"{BASE}organizations/{acme}/" in page, text
    assert "Nothing found" in mara.get(f"{BASE}organizations/", {"q": "olga"}).text


def test_keys_are_rotated_and_in_an_emergency_replaced_where_the_name_was_typed(
    operated: PortalServer,
) -> None:
    stan = operated.as_("stan")
    count = "SELECT count(*) FROM server_key"
    first = operated.rows(count)[0][0]

    stan.post(f"{BASE}keys/rotate/")
    rotated = operated.rows(count)[0][0]
    refused = stan.post(f"{BASE}keys/rotate-now/", confirm="sandbox")
    unchanged = operated.rows(count)[0][0]
    stan.post(f"{BASE}keys/rotate-now/", confirm="production")

    assert rotated > first
    assert unchanged == rotated
    assert "This is not the name of the environment." in refused.text
    assert operated.rows(count)[0][0] > rotated
    assert "Ended" in stan.get(f"{BASE}keys/").text


def test_the_audit_trail_names_the_operator_and_is_narrowed(operated: PortalServer) -> None:
    operated.as_("mara").post(f"{path_of(operated, 'sven')}disable/")
    acme = str(operated.person("sven").org_id)
    stan = operated.as_("stan")

    page = stan.get(f"{BASE}audit/", {"org": acme, "what": "people"}).text
    other = stan.get(f"{BASE}audit/", {"org": str(operated.person("bo").org_id)}).text
    wrong = stan.get(f"{BASE}audit/", {"org": "acme"}).text

    assert "operator: mara" in page
    assert "Disabled a user" in page
    assert "operator: mara" not in other
    assert 'id="org-error"' in wrong


def test_the_audit_trail_is_exported(operated: PortalServer) -> None:
    stan = operated.as_("stan")

    lines = stan.get(f"{BASE}audit/export/", {"format": "jsonl"})
    table = stan.get(f"{BASE}audit/export/", {"format": "csv", "what": "logins"})

    assert json.loads(lines.text.splitlines()[0])["action"] == "login"
    assert "attachment" in lines.headers["content-disposition"]
    assert table.text.startswith("number,")
    assert stan.get(f"{BASE}audit/export/", {"format": "exe"}).status_code == 404


def boxes(mode: Mode, *roles: Role) -> dict[str, str]:
    name = "production" if mode is Mode.LIVE else "sandbox"
    return {f"{name}_{role}": "yes" for role in roles}


def test_an_owner_adds_an_operator_whose_roles_hold_where_they_were_given(
    operated: PortalServer,
) -> None:
    olga = operated.as_("olga")

    form = {"username": "piet", **boxes(Mode.TEST, "security")}
    made = olga.post(f"{BASE}operators/add/", **form)
    found = _PASSWORD.search(olga.get(made.headers["location"]).text)

    assert found
    assert operated.browser().log_in("piet", found[1]).status_code == 303
    assert "Sandbox: Security" in " ".join(olga.get(f"{BASE}operators/").text.split())


def test_an_operator_without_a_role_is_refused_and_the_form_stays(operated: PortalServer) -> None:
    refused = operated.as_("olga").post(f"{BASE}operators/add/", username="anna")

    assert refused.status_code in {400, 409}
    assert 'value="anna"' in refused.text


def test_an_operator_is_invited_by_mail_with_roles_and_the_invitation_is_sent_again_and_revoked(
    mailing: MailingPortal,
) -> None:
    add_operators(mailing)
    olga = mailing.as_("olga")
    add, pages = f"{BASE}operators/add/", f"{BASE}operators/"
    form = {"by": "invitation", "invite": "piet@operator.example", "once": olga.form_id(add)}

    twice = [olga.post(add, **form, **boxes(Mode.TEST, "security")) for _ in range(2)]
    [(invitation_id,)] = mailing.rows("SELECT id FROM invitation")
    page = olga.get(pages).text
    one = f"{pages}invitations/{UUID(str(invitation_id))}/"
    olga.post(f"{one}resend/")
    [_, link] = mailing.paths("piet@operator.example")
    revoked = olga.post(f"{one}revoke/")

    assert {each.headers["location"] for each in twice} == {pages}
    assert "Sandbox: Security" in " ".join(page.split())
    assert revoked.headers["location"] == pages
    assert mailing.rows("SELECT count(*) FROM invitation") == [(0,)]
    assert "piet@operator.example" not in olga.get(pages).text.partition("Invitations")[2]
    assert mailing.browser().get(link).status_code != 200


def test_an_invited_operator_has_the_roles_that_they_were_invited_with(
    mailing: MailingPortal,
) -> None:
    add_operators(mailing)
    olga = mailing.as_("olga")
    form = {"by": "invitation", "invite": "piet@operator.example"}
    olga.post(f"{BASE}operators/add/", **form, **boxes(Mode.TEST, "security"))
    [link] = mailing.paths("piet@operator.example")

    chosen = {"username": "piet", "new_password": PASSWORD, "new_password_again": PASSWORD}
    mailing.browser().post(link, **chosen)
    page = " ".join(olga.get(f"{BASE}operators/").text.split())

    assert "piet" in page
    assert "Sandbox: Security" in page


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"invite": "piet"}, "invite"),
        ({"invite": ""}, "invite"),
        ({"invite": "olga@operator.example"}, "invite"),
    ],
)
def test_whom_nobody_can_invite_is_said_beside_the_address(
    mailing: MailingPortal, form: dict[str, str], field: str
) -> None:
    add_operators(mailing)

    refused = mailing.as_("olga").post(
        f"{BASE}operators/add/", by="invitation", **form, **boxes(Mode.LIVE, "security")
    )

    assert refused.status_code in {400, 409}
    assert f'id="{field}-error"' in refused.text


def test_without_mail_nobody_is_invited_and_the_page_says_so(operated: PortalServer) -> None:
    olga = operated.as_("olga")
    form = {"by": "invitation", "invite": "piet@operator.example"}

    page = olga.get(f"{BASE}operators/add/").text
    refused = olga.post(f"{BASE}operators/add/", **form, **boxes(Mode.LIVE, "security"))

    assert "Mail is not set up here" in page
    assert refused.status_code == 400
    assert "this server sends none" in refused.text


def test_roles_are_taken_away_at_once_and_the_last_owner_keeps_theirs(
    operated: PortalServer,
) -> None:
    olga, mara = operated.as_("olga"), operated.as_("mara")
    path = f"{BASE}operators/{operated.person('mara').id}/"
    before = mara.get(BASE).status_code

    olga.post(f"{path}roles/", **boxes(Mode.TEST, "account_manager"))
    own = olga.post(f"{BASE}operators/{operated.person('olga').id}/roles/")

    assert (before, mara.get(BASE).status_code) == (200, 404)
    assert mara.get("/console/sandbox/").status_code == 200
    assert "last owner" in own.text
    assert olga.get(BASE).status_code == 200


def test_an_owner_removes_another_operator_where_the_name_was_typed_and_not_themselves(
    operated: PortalServer,
) -> None:
    olga = operated.as_("olga")
    stan = f"{BASE}operators/{operated.person('stan').id}/"
    own = f"{BASE}operators/{operated.person('olga').id}/"

    refused = olga.post(f"{stan}remove/", confirm="olga")
    olga.post(f"{stan}remove/", confirm="stan")

    assert "This is not their username." in refused.text
    assert ">stan<" not in olga.get(f"{BASE}operators/").text
    assert olga.post(f"{own}remove/", confirm="olga").status_code == 409
    assert olga.post(f"{own}password/").status_code == 409


def test_an_owner_of_the_sandbox_alone_manages_no_operators(operated: PortalServer) -> None:
    operated.run("UPDATE operator_role SET role = 'owner' WHERE environment = 'test'")
    mara = operated.as_("mara")

    assert mara.get(f"{BASE}operators/").status_code == 403
    assert mara.get("/console/sandbox/operators/").status_code == 404


def test_the_page_of_the_system_says_what_runs_and_which_mail_failed(
    mailing: MailingPortal,
) -> None:
    add_operators(mailing)
    mara = mailing.as_("mara")
    mara.post(f"{BASE}organizations/new/", name="Nova", by="invitation", invite="nina@nova.example")
    mailing.run("UPDATE outbox SET failed_at = created_at, due_at = NULL, error = '550 unknown'")

    page = mara.get(f"{BASE}system/").text
    overview = mara.get(BASE).text
    assert "None waits" in page
    again = mara.post(f"{BASE}system/mail/")

    assert "550 unknown" in page
    assert "could not be sent" in overview
    assert again.headers["location"] == f"{BASE}system/"
    assert "None waits" not in mara.get(f"{BASE}system/").text
    assert mailing.rows("SELECT count(*) FROM outbox WHERE due_at IS NOT NULL")[0][0] >= 1


def test_the_page_of_the_system_says_when_housekeeping_was_done_and_that_tables_are_older(
    operated: PortalServer,
) -> None:
    mara, environment = operated.as_("mara"), operated.environment
    environment.housekept_at = {"flush": 0.0, "prune": 0.0}
    before = mara.get(f"{BASE}system/").text
    environment.housekept_at["flush"] = datetime(2026, 11, 28, 9, 30, tzinfo=UTC).timestamp()
    after = mara.get(f"{BASE}system/").text

    assert "Not yet" in before
    assert "2026-11-28T09:30" in after
    assert "is the newest" not in after
    operated.run("UPDATE gatepass_schema SET revision = '0031'")
    assert "is the newest" in mara.get(f"{BASE}system/").text
