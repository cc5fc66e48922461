"""Second factors in a real browser: an authenticator app, and Chromium's virtual authenticator."""

from base64 import b32decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from browser.walk import Walk
from gatepass.server.domain.users.factors import totp
from server_process import Organization, Server

Opens = Callable[..., Walk]
PASSWORD = "four dull penguins reading maps"
FACTORS = "/account/factors/"


@pytest.fixture
def acme(server: Server) -> Organization:
    return server.create_organization("Acme Energy", f"anna-{uuid4().hex[:8]}", "sandbox")


def enter(here: Walk, acme: Organization) -> None:
    here.log_in(acme.username, acme.initial_password)
    here.choose_password(acme.initial_password, PASSWORD)


def with_authenticator(here: Walk) -> None:
    """Give the browser an authenticator that makes passkeys and verifies its user."""
    devtools = here.page.context.new_cdp_session(here.page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def code_of(key: str, steps_on: int = 0) -> str:
    now = datetime.now(UTC) + timedelta(seconds=30 * steps_on)
    return totp.code(b32decode(key.replace(" ", "")), totp.step_of(now))


def log_out(here: Walk) -> None:
    here.press("Log out")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_passkey_is_added_and_logs_in_alone_and_as_the_second_step(
    acme: Organization, walk: Opens, width: int, scheme: str
) -> None:
    here: Walk = walk(width=width, scheme=scheme)
    with_authenticator(here)
    enter(here, acme)
    here.go(FACTORS)
    here.inspect("1-none")
    here.follow("Add a passkey")
    here.inspect("2-add-passkey")
    here.field("Name").fill("Work laptop")
    here.press("Add the passkey")
    here.page.get_by_role("heading", name="Recovery codes").wait_for()
    here.inspect("3-recovery-codes")
    here.field("I have stored the codes").check()
    here.press("Go on")
    here.go(FACTORS)
    here.inspect("4-factors")
    assert "Work laptop" in here.text("main")

    log_out(here)
    here.press("Log in with a passkey")
    here.page.get_by_role("heading", name="Applications").wait_for()
    log_out(here)
    here.log_in(acme.username, PASSWORD)
    assert here.heading() == "Second step"
    here.inspect("5-second-step")
    here.press("Use a passkey")
    here.page.get_by_role("heading", name="Applications").wait_for()
    assert here.faults == []


def test_where_there_is_no_passkey_the_page_says_so_and_the_password_is_still_open(
    acme: Organization, walk: Opens
) -> None:
    here: Walk = walk()
    with_authenticator(here)
    enter(here, acme)
    log_out(here)
    here.page.get_by_role("button", name="Log in with a passkey").click()

    here.page.get_by_text("No passkey was used").wait_for()
    here.inspect("1-no-passkey")
    here.log_in(acme.username, PASSWORD)
    assert here.heading() == "Applications"


def test_without_scripts_an_app_and_a_recovery_code_log_in(acme: Organization, walk: Opens) -> None:
    here: Walk = walk(scripts=False)
    enter(here, acme)
    here.go(f"{FACTORS}passkeys/add/")
    assert "Passkeys need JavaScript" in here.text("main")
    here.go(f"{FACTORS}apps/add/")
    here.inspect("1-add-app")
    key = here.text("#key")
    here.field("Name").fill("My phone")
    here.field("Code of the app").fill(code_of(key))
    here.press("Add the app")
    code = here.text("#codes").split()[0]
    log_out(here)

    here.log_in(acme.username, PASSWORD)
    here.field("Code of the app").fill(code_of(key, steps_on=1))
    here.press("Log in with the code")
    assert here.heading() == "Applications"
    log_out(here)
    here.log_in(acme.username, PASSWORD)
    here.open("Use a recovery code")
    here.field("Recovery code").fill(code)
    here.press("Log in with the recovery code")
    assert here.heading() == "Applications"
