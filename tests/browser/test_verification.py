"""A fresh proof before an application is registered, in a real browser: nothing typed is lost."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from uuid import uuid4

import pytest

from browser.test_factors import FACTORS, PASSWORD, enter, with_authenticator
from browser.walk import Walk
from server_process import Organization, Server

Opens = Callable[..., Walk]
REGISTER = "/oauth2/applications/register/"
ASKED = "Confirm that it is you"


@pytest.fixture
def acme(server: Server) -> Organization:
    return server.create_organization("Acme Energy", f"anna-{uuid4().hex[:8]}", "sandbox")


def let_proofs_age(server: Server) -> None:
    """Make every proof eleven minutes older."""
    with closing(sqlite3.connect(server.data / "sandbox.sqlite3", timeout=30)) as database:
        database.execute("UPDATE proof SET at = at - 660000")
        database.commit()


@pytest.mark.parametrize(
    "looks",
    [{"width": 1280}, {"width": 360, "scheme": "dark", "scripts": False}],
    ids=["wide", "narrow-without-scripts"],
)
def test_a_form_waits_for_the_password_and_is_then_sent_on(
    server: Server, acme: Organization, walk: Opens, looks: dict[str, object]
) -> None:
    here: Walk = walk(**looks)
    enter(here, acme)
    here.go(REGISTER)
    here.field("Name").fill("Meter import")
    let_proofs_age(server)
    here.press("Register")
    assert here.heading() == ASKED
    here.inspect("1-asked")

    here.field("Your current password").fill("not the password")
    here.press("Confirm")
    assert "This is not your current password." in here.text("main")
    here.inspect("2-wrong")
    here.field("Your current password").fill(PASSWORD)
    here.press("Confirm")

    assert "Meter import" in here.text("main")
    assert here.page.locator("#client-secret").count() == 1
    here.inspect("3-credentials")
    here.go("/oauth2/applications/")
    assert here.text("main").count("Meter import") == 1
    assert here.faults == []


def test_a_form_waits_for_a_passkey(server: Server, acme: Organization, walk: Opens) -> None:
    here: Walk = walk()
    with_authenticator(here)
    enter(here, acme)
    here.go(f"{FACTORS}passkeys/add/")
    here.field("Name").fill("Work laptop")
    here.press("Add the passkey")
    here.page.get_by_role("heading", name="Recovery codes").wait_for()
    here.field("I have stored the codes").check()
    here.press("Go on")
    here.go(REGISTER)
    here.field("Name").fill("Meter import")
    let_proofs_age(server)
    here.press("Register")
    assert here.heading() == ASKED
    here.inspect("1-asked")

    here.page.get_by_role("button", name="Use a passkey").click()
    here.page.locator("#client-secret").wait_for()

    assert "Meter import" in here.text("main")
    assert here.faults == []
