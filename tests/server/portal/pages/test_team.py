"""The people of an organization."""

import re
from uuid import UUID

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import operations as people
from gatepass.server.domain.users.model import User
from server.portal.fixtures import NEW_PASSWORD, PortalServer
from server.portal.pages.test_registration import refused_at, shown

ADD = "/team/add/"


def path_of(portal: PortalServer, username: str) -> str:
    return f"/team/{portal.person(username).id}/"


def keep_only_one_administrator(portal: PortalServer) -> None:
    portal.run("UPDATE person SET role = 'user' WHERE username IN ('nils', 'nora')")


def test_the_team_is_listed_with_roles(portal: PortalServer) -> None:
    text = portal.as_("sven").get("/team/").text

    assert all(name in text for name in ("anna", "sven", "ulla", "Administrator", "Staff", "User"))
    assert ">bo<" not in text
    assert 'href="/team/add/"' not in text


def test_somebody_new_logs_in_with_the_password_that_was_shown_once(portal: PortalServer) -> None:
    browser = portal.as_("anna")

    response = browser.post(ADD, username="Pia", email="pia@acme.example", role="staff")
    text = browser.get(response.headers["location"]).text
    password = shown(text, "initial-password")

    assert shown(text, "username") == "pia"
    pia = portal.browser()
    assert pia.log_in("pia", password).status_code == 303
    assert pia.get("/team/").headers["location"] == "/accounts/password/"
    again = browser.get(response.headers["location"])
    assert again.status_code == 303
    assert "was shown already" in browser.get(again.headers["location"]).text
    assert password.encode() not in portal.dump()


def test_a_head_does_not_use_up_the_initial_password(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    location = browser.post(ADD, username="pia", role="user").headers["location"]

    assert browser.client.head(location).status_code == 200
    assert shown(browser.get(location).text, "initial-password")


def test_the_same_form_sent_twice_adds_one_person(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    form = {"username": "pia", "role": "user", "once": browser.form_id(ADD)}

    first, second = (browser.post(ADD, **form) for _ in range(2))

    assert first.headers["location"] == second.headers["location"]
    assert shown(browser.get(second.headers["location"]).text, "initial-password")
    assert portal.rows("SELECT count(*) FROM person WHERE username = 'pia'") == [(1,)]


@pytest.mark.parametrize(
    ("form", "field", "status"),
    [
        ({"username": "anna", "role": "user"}, "username", 409),
        ({"username": "ANNA", "role": "user"}, "username", 409),
        ({"username": "bo", "role": "user"}, "username", 409),
        ({"username": "", "role": "user"}, "username", 400),
        ({"username": "a b", "role": "user"}, "username", 400),
        ({"username": "x" * 65, "role": "user"}, "username", 400),
        ({"username": "pia", "role": "owner"}, "role", 400),
        ({"username": "pia", "role": ""}, "role", 400),
        ({"username": "pia", "role": "user", "email": "no address"}, "email", 400),
        ({"username": "pia", "role": "user", "email": "NORA@acme.example"}, "email", 409),
    ],
)
def test_a_wrong_field_is_told_beside_it(
    portal: PortalServer, form: dict[str, str], field: str, status: int
) -> None:
    before = portal.rows("SELECT count(*) FROM person")

    response = portal.as_("anna").post(ADD, **form)

    assert response.status_code == status
    assert refused_at(response.text) == {field}
    assert portal.rows("SELECT count(*) FROM person") == before


def test_a_new_initial_password_ends_the_old_one_and_the_sessions(portal: PortalServer) -> None:
    sven, anna = portal.as_("sven"), portal.as_("anna")

    response = anna.post(path_of(portal, "sven") + "password/")
    password = shown(anna.get(response.headers["location"]).text, "initial-password")

    assert not sven.is_logged_in()
    assert portal.browser().log_in("sven").status_code == 400
    assert portal.browser().log_in("sven", password).status_code == 303
    assert portal.person("sven").must_change_password


def test_nobody_makes_an_initial_password_for_themselves(portal: PortalServer) -> None:
    anna = portal.as_("anna")

    assert anna.post(path_of(portal, "anna") + "password/").status_code == 409
    assert anna.is_logged_in()


def test_somebody_known_to_the_api_alone_is_given_access(portal: PortalServer) -> None:
    anna = portal.person("anna")
    now = portal.environment.now()
    mia = User(UUID(int=7), anna.org_id, "user", now, now, email="mia@acme.example")
    people.add(portal.environment.context, OPERATOR, mia)
    browser = portal.as_("anna")
    assert "known to the API but cannot log in" in browser.get(f"/team/{mia.id}/").text
    assert refused_at(browser.post(f"/team/{mia.id}/password/", username="?").text) == {"username"}

    response = browser.post(f"/team/{mia.id}/password/", username="mia")
    password = shown(browser.get(response.headers["location"]).text, "initial-password")

    assert portal.browser().log_in("mia", password).status_code == 303


def test_a_role_is_changed_and_told(portal: PortalServer) -> None:
    path = path_of(portal, "ulla")

    assert portal.as_("anna").post(path + "role/", role="staff").headers["location"] == path

    assert portal.person("ulla").role == "staff"
    assert portal.actions()[-1] == "person.role_changed"


def test_a_role_that_is_none_is_told_beside_the_choice(portal: PortalServer) -> None:
    response = portal.as_("anna").post(path_of(portal, "ulla") + "role/", role="owner")

    assert response.status_code == 400
    assert refused_at(response.text) == {"role"}


@pytest.mark.parametrize("what", ["role/", "disable/"])
def test_the_last_administrator_stays(portal: PortalServer, what: str) -> None:
    keep_only_one_administrator(portal)
    browser = portal.as_("anna")
    path = path_of(portal, "anna")

    response = browser.post(path + what, role="user")

    assert response.status_code == 409
    assert "last administrator" in response.text
    assert browser.is_logged_in()
    assert (portal.person("anna").role, portal.person("anna").disabled_at) == ("admin", None)
    assert re.search(r"is the last administrator\.</strong>", browser.get(path).text)


def test_an_administrator_who_is_disabled_does_not_count_as_one(portal: PortalServer) -> None:
    portal.run("UPDATE person SET disabled_at = 1 WHERE username IN ('nils', 'nora')")

    response = portal.as_("anna").post(path_of(portal, "anna") + "role/", role="user")

    assert response.status_code == 409


def test_one_of_several_administrators_can_leave(portal: PortalServer) -> None:
    browser = portal.as_("anna")

    browser.post(path_of(portal, "anna") + "disable/")

    assert not browser.is_logged_in()
    assert portal.browser().log_in("anna").status_code == 400


def test_somebody_who_is_enabled_again_logs_in_with_their_password(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    browser.post(path_of(portal, "sven") + "disable/")
    assert portal.browser().log_in("sven").status_code == 400

    browser.post(path_of(portal, "sven") + "enable/")

    assert portal.browser().log_in("sven").status_code == 303


def test_a_large_team_is_shown_page_by_page(portal: PortalServer) -> None:
    anna = portal.person("anna")
    for number in range(120):
        portal.run(
            "INSERT INTO person (id, org_id, username, role, created_at, updated_at, "
            f"must_change_password) VALUES ('{number:032x}', '{anna.org_id.hex}', 'p{number:03}', "
            f"'user', {2_000_000_000_000 + number}, 0, 0)"
        )
    browser = portal.as_("anna")

    first = browser.get("/team/").text
    more = re.search(r'href="(/team/\?after=[^"]+)"', first)
    assert more
    second = browser.get(more[1]).text

    listed = re.findall(r">(p\d{3})<", first) + re.findall(r">(p\d{3})<", second)
    assert listed == [f"p{number:03}" for number in range(120)]
    assert "after=" not in second


def test_adding_somebody_and_its_audit_entry_are_one_transaction(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    portal.run(
        "CREATE TRIGGER full BEFORE INSERT ON audit WHEN NEW.action = 'person.password_reset' "
        "BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )

    assert browser.post(path_of(portal, "sven") + "password/").status_code == 500

    assert portal.browser().log_in("sven").status_code == 303


def test_the_own_password_is_nowhere_in_the_pages_of_the_team(portal: PortalServer) -> None:
    browser = portal.as_("anna")

    for path in ("/team/", path_of(portal, "sven"), "/account/"):
        text = browser.get(path).text
        assert "argon2" not in text
        assert NEW_PASSWORD not in text
