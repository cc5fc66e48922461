"""Automatic rotation in the portal: turned on and off, seen, and undone."""

import re
from html import unescape

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets.automatic_rotation import operations
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_sub_pages import copied

GOOD = {"automatic_rotation": "on", "rotation_interval": "30", "rotation_overlap": "86400"}
SOURCE = "198.51.100.4"


def path_of(app: str) -> str:
    return f"{app}automatic-rotation/"


def only(portal: PortalServer) -> Application:
    [(client_id,)] = portal.rows("SELECT client_id FROM application")
    found = applications.find_by_client_id(portal.environment.context, client_id)
    assert found
    return found


def rotate(portal: PortalServer) -> None:
    """Rotate as a program does that has the current secret."""
    context, application = portal.environment.context, only(portal)
    (current,) = application.live_secrets(context.now())
    operations.prepare(context, application.id, current.id, SOURCE)
    new = only(portal).live_secrets(context.now())[0]
    operations.commit(context, application.id, new.id, SOURCE)


def shown(browser: Browser, app: str) -> str:
    """Return the words of the page."""
    text = browser.get(path_of(app)).text
    return " ".join(unescape(re.sub("<[^>]*>", " ", text)).split())


def chosen(browser: Browser, app: str) -> str:
    """Return which of on and off the form has chosen."""
    text = browser.get(path_of(app)).text
    found = re.findall(r'name="automatic_rotation" value="(\w+)" required checked', text)
    assert len(found) == 1
    return str(found[0])


def live(portal: PortalServer) -> list[str]:
    now = portal.environment.now()
    return [each.last_four for each in only(portal).live_secrets(now)]


def test_it_is_off_and_an_administrator_turns_it_on_and_off(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    app = anna.register()
    anna.get(f"{app}credentials/")  # shows the secret, once
    assert "automatic-rotation/" in anna.get(f"{app}credentials/").text
    assert chosen(anna, app) == "off"

    on = anna.post(path_of(app), **GOOD | {"rotation_interval": "1"})
    assert on.status_code == 303
    assert "Automatic rotation is on." in shown(anna, app)
    assert chosen(anna, app) == "on"
    anna.post(path_of(app), **GOOD | {"automatic_rotation": "off"})

    assert chosen(anna, app) == "off"
    assert portal.actions().count("application.automatic_rotation") == 2
    assert "Turned automatic rotation off (every 30 days at most" in anna.get("/activity/").text


def test_the_same_setting_again_is_no_change(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    app = anna.register()
    for _ in range(2):
        assert anna.post(path_of(app), **GOOD).status_code == 303

    assert portal.actions().count("application.automatic_rotation") == 1


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("automatic_rotation", ""),
        ("automatic_rotation", "maybe"),
        *(
            ("rotation_interval", text)
            for text in ("", "0", "366", "-1", "1.5", "\u0663\u0660", "9" * 400, "30 days")
        ),
        *(("rotation_overlap", text) for text in ("", "0", "5", "86400 ", "'")),
    ],
)
def test_what_is_not_offered_is_said_beside_the_field_and_kept(
    portal: PortalServer, field: str, text: str
) -> None:
    anna = portal.as_("anna")
    app = anna.register()

    refused = anna.post(path_of(app), **GOOD | {field: text})

    assert refused.status_code == 400
    assert f'id="{field}-error"' in refused.text
    assert f'href="#{field}"' in refused.text
    assert not operations.find(portal.environment.context, only(portal).id).setting.is_on
    if field == "rotation_interval" and text:
        assert f'value="{text}"' in unescape(refused.text)


def test_a_rotation_that_has_begun_is_shown(portal: PortalServer, clock: Clock) -> None:
    anna = portal.as_("anna")
    app = anna.register()
    anna.post(path_of(app), **GOOD)
    context, application = portal.environment.context, only(portal)
    made = operations.prepare(context, application.id, application.secrets[0].id, SOURCE)
    clock.advance(60)

    assert "A rotation has begun" in shown(anna, app)
    assert f"ending in {made.secret.value[-4:]}" in shown(anna, app)
    assert made.secret.value not in anna.get(path_of(app)).text


def test_a_rotation_is_shown_and_undone(portal: PortalServer, clock: Clock) -> None:
    anna = portal.as_("anna")
    app = anna.register()
    anna.post(path_of(app), **GOOD)
    [old] = live(portal)
    clock.advance(60)
    rotate(portal)
    new = live(portal)[0]

    assert SOURCE in shown(anna, app)
    assert f"New secret Ending in {new} Old secret Ending in {old} , works" in shown(anna, app)
    undone = anna.post(f"{path_of(app)}undo/")

    assert undone.status_code == 303
    assert live(portal) == [old]
    assert only(portal).live_secrets(portal.environment.now())[0].expires_at is None
    assert chosen(anna, app) == "off"
    assert "secret.rotation_undone" in portal.actions()
    again = anna.post(f"{path_of(app)}undo/")
    assert again.status_code == 409
    assert "cannot be undone any more" in again.text


def test_after_the_overlap_there_is_nothing_to_undo(portal: PortalServer, clock: Clock) -> None:
    anna = portal.as_("anna")
    app = anna.register()
    anna.post(path_of(app), **GOOD | {"rotation_overlap": "3600"})
    clock.advance(60)
    rotate(portal)
    clock.advance(3600)
    anna = portal.as_("anna")

    assert "Undo this rotation" not in shown(anna, app)
    assert anna.post(f"{path_of(app)}undo/").status_code == 409


def test_the_staff_sees_it_and_changes_nothing(portal: PortalServer) -> None:
    app = portal.as_("anna").register()
    sven = portal.as_("sven")

    assert "Automatic rotation Off" in shown(sven, app)
    assert "<form" not in sven.get(path_of(app)).text.partition("<main")[2].partition("</main")[0]
    assert sven.post(path_of(app), **GOOD).status_code == 403
    assert sven.post(f"{path_of(app)}undo/").status_code == 403


def test_another_organization_finds_nothing(portal: PortalServer) -> None:
    app = portal.as_("anna").register()
    bo = portal.as_("bo")

    assert bo.get(path_of(app)).status_code == 404
    assert bo.post(path_of(app), **GOOD).status_code == 404
    assert bo.post(f"{path_of(app)}undo/").status_code == 404


def test_by_hand_the_old_secret_cannot_end_at_the_first_use_while_it_is_on(
    portal: PortalServer,
) -> None:
    anna = portal.as_("anna")
    app = anna.register()
    anna.post(path_of(app), **GOOD)

    refused = anna.post(f"{app}rotate/", overlap="first-use")

    assert refused.status_code == 400
    assert "Automatic rotation is on" in refused.text
    assert len(live(portal)) == 1


def test_where_the_current_secret_was_leaked_a_prepared_one_ends_with_it(
    portal: PortalServer, clock: Clock
) -> None:
    anna = portal.as_("anna")
    app = anna.register()
    anna.post(path_of(app), **GOOD)
    context, application = portal.environment.context, only(portal)
    (current,) = application.secrets
    clock.advance(60)
    prepared = operations.prepare(context, application.id, current.id, SOURCE)
    clock.advance(60)

    anna.get(f"{app}credentials/")  # shows the first secret, once
    once = anna.form_id(f"{app}credentials/")
    done = anna.post(f"{app}secrets/{current.id}/leaked/", once=once)

    assert done.status_code == 303
    [new] = live(portal)
    assert new not in {current.last_four, prepared.secret.value[-4:]}


def test_what_a_program_has_prepared_is_no_rotation_of_a_person(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    pair = copied(browser, path)
    browser.post(path + "contact/", contact="ops@acme.example")
    assert browser.post(path_of(path), **GOOD).status_code == 303
    portal.clock.advance(60)
    sent = browser.client.post("/oauth2/rotate_secret/", auth=pair, data={"action": "prepare"})
    assert sent.status_code == 200, sent.text

    assert "A program is about to replace the secret." in browser.get(path + "rotation/").text
    assert "Go on with the rotation" not in browser.get(path + "credentials/").text
    assert "A rotation is not finished" not in browser.get(path).text


def test_a_leak_of_the_current_secret_is_said_to_make_a_new_one_beside_a_prepared_one(
    portal: PortalServer,
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    pair = copied(browser, path)
    assert browser.post(path_of(path), **GOOD).status_code == 303
    portal.clock.advance(60)
    sent = browser.client.post("/oauth2/rotate_secret/", auth=pair, data={"action": "prepare"})

    assert sent.status_code == 200
    page = browser.get(path + "credentials/").text
    of_prepared, of_current = page.split('action="')[1:], page.rsplit('/leaked/"', 1)[1]
    assert sum("and make a new one" in each for each in of_prepared) == 1
    assert "and make a new one" in of_current
