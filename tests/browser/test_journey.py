"""The portal in a real browser: login, forced change, register, copy, rotate, logout."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from browser.walk import Walk
from server_process import Organization, Server

Opens = Callable[..., Walk]
PASSWORD = "four dull penguins reading maps"


@pytest.fixture
def acme(server: Server) -> Organization:
    return server.create_organization("Acme Energy", f"anna-{uuid4().hex[:8]}", "sandbox")


def enter(walk: Walk, acme: Organization) -> None:
    walk.log_in(acme.username, acme.initial_password)
    walk.choose_password(acme.initial_password, PASSWORD)


def rotate(walk: Walk, overlap: str = "24 hours") -> None:
    """Confirm that the secret is stored, and make a new one."""
    walk.field("I have stored the client secret").check()
    walk.press("Done")
    walk.tab("Credentials")
    walk.follow("Rotate the secret")
    walk.field(overlap).check()
    walk.press("Create the new secret")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_an_administrator_goes_from_the_initial_password_to_a_rotated_secret(
    server: Server, acme: Organization, walk: Opens, width: int, scheme: str
) -> None:
    here: Walk = walk(width=width, scheme=scheme)
    here.go("/")
    here.inspect("1-login")
    here.log_in(acme.username, acme.initial_password)
    assert here.heading() == "Choose your password"
    here.inspect("2-forced-change")
    here.go("/oauth2/applications/")
    assert here.heading() == "Choose your password"
    here.choose_password(acme.initial_password, PASSWORD)
    assert here.heading() == "Applications"
    here.inspect("3-no-applications")

    here.follow("Register the first application")
    here.inspect("4-register")
    here.field("Name").fill("Billing")
    here.press("Register")
    here.inspect("5-credentials")
    client_id, secret = here.text("#client-id"), here.text("#client-secret")
    assert server.ask_token(client_id, secret, "sandbox").status == 200
    here.field("I have stored the client secret").check()
    here.press("Done")
    assert here.heading() == "Billing"
    here.inspect("6-application")
    for name in ("Usage", "Refusals", "Settings", "Activity", "Danger zone", "Credentials"):
        here.tab(name)
        here.inspect(f"6-{name}")

    here.follow("Rotate the secret")
    here.inspect("7-rotate")
    here.field("1 hour").check()
    here.press("Create the new secret")
    new_secret = here.text("#client-secret")
    here.inspect("8-rotated")
    assert new_secret != secret
    for each in (secret, new_secret):
        assert server.ask_token(client_id, each, "sandbox").status == 200

    for name, path in (("team", "/team/"), ("activity", "/activity/"), ("account", "/account/")):
        here.go(path)
        here.inspect(f"9-{name}")
    here.press("Log out")
    here.go("/oauth2/applications/")
    assert here.heading() == "Log in"
    assert here.faults == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light")])
def test_a_rotation_is_finished_and_a_leaked_secret_replaced(
    server: Server, acme: Organization, walk: Opens, width: int, scheme: str
) -> None:
    here: Walk = walk(width=width, scheme=scheme)
    enter(here, acme)
    here.register("Metering")
    client_id, secret = here.text("#client-id"), here.text("#client-secret")
    rotate(here)
    new_secret = here.text("#client-secret")
    here.field("I have stored the client secret").check()
    here.press("Done")

    here.tab("Credentials")
    here.follow("Go on with the rotation")
    here.inspect("8-rotation")
    here.open("Revoke it anyway")
    here.press(f"Revoke the old secret …{secret[-4:]}")
    assert server.ask_token(client_id, secret, "sandbox").status == 401

    here.open("It was leaked")
    here.inspect("8-leaked")
    ending = f"(the secret ending in {new_secret[-4:]})"
    here.press(f"Revoke the leaked secret and make a new one {ending}")
    assert server.ask_token(client_id, new_secret, "sandbox").status == 401
    assert server.ask_token(client_id, here.text("#client-secret"), "sandbox").status == 200
    here.go(here.page.url.replace("credentials", "uses"))
    here.inspect("8-uses")
    assert here.faults == []


def test_the_whole_way_works_without_scripts(
    server: Server, acme: Organization, walk: Opens
) -> None:
    here: Walk = walk(scripts=False)
    enter(here, acme)
    here.register("Metering")
    client_id, secret = here.text("#client-id"), here.text("#client-secret")
    rotate(here, "Not at all")

    assert server.ask_token(client_id, secret, "sandbox").status == 401
    assert server.ask_token(client_id, here.text("#client-secret"), "sandbox").status == 200


@pytest.mark.spec("WCAG", "4.1.3")
def test_a_copy_button_copies_and_says_so(acme: Organization, walk: Opens) -> None:
    here: Walk = walk()
    enter(here, acme)
    here.register("Copying")

    here.page.get_by_role("button", name="Copy Client secret").click()

    here.page.locator("#announce", has_text="Copied").wait_for()
    copied = here.page.evaluate("navigator.clipboard.readText()")
    assert copied == here.text("#client-secret")


def test_a_reload_neither_shows_the_secret_again_nor_makes_another(
    acme: Organization, walk: Opens
) -> None:
    here: Walk = walk()
    enter(here, acme)
    here.register("Reloading")
    secret = here.text("#client-secret")

    here.page.reload()

    assert "A secret is shown whole only once" in here.page.content()
    assert secret not in here.page.content()
    here.go("/oauth2/applications/")
    assert here.page.get_by_role("link", name="Reloading").count() == 1


def test_the_secret_page_cannot_be_left_for_done_without_the_tick(
    acme: Organization, walk: Opens
) -> None:
    here: Walk = walk()
    enter(here, acme)
    here.register("Ticking")

    here.press("Done")

    assert here.page.url.endswith("/credentials/")
    assert here.page.locator("#client-secret").count() == 1


@pytest.mark.spec("WCAG", "2.1.1")
def test_login_and_registration_work_with_the_keyboard_alone(
    acme: Organization, walk: Opens
) -> None:
    here: Walk = walk()
    keyboard = here.page.keyboard
    here.go("/accounts/login/")
    keyboard.type(acme.username)
    keyboard.press("Tab")
    keyboard.type(acme.initial_password)
    keyboard.press("Enter")
    here.page.get_by_role("heading", name="Choose your password").wait_for()
    here.choose_password(acme.initial_password, PASSWORD)
    here.go("/oauth2/applications/register/")
    here.field("Name").focus()
    keyboard.type("By keyboard")
    keyboard.press("Enter")

    here.page.get_by_role("heading", level=1, name="By keyboard").wait_for()


def test_what_was_typed_stays_when_something_is_wrong(acme: Organization, walk: Opens) -> None:
    here: Walk = walk()
    enter(here, acme)
    here.go("/oauth2/applications/register/")
    here.field("Name").fill("Kept")
    here.field("Client type").select_option("public")
    here.press("Register")

    assert here.field("Name").input_value() == "Kept"
    assert here.page.locator("#client_type:focus").count() == 1
    assert "Confidential" in here.text("#client_type-error")
    here.inspect("refused")
    assert here.faults == []


def test_the_sandbox_and_production_are_told_apart_in_words(server: Server, walk: Opens) -> None:
    here: Walk = walk()
    here.go("/accounts/login/")
    assert "SANDBOX" in here.page.locator("body").inner_text().upper()
    assert "sandbox" in here.page.title().lower()

    here.go(server.url("production") + "/accounts/login/")

    assert "PRODUCTION" in here.page.locator("body").inner_text().upper()
    assert here.faults == []
