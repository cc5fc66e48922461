"""Policies and sessions in a real browser: staff register by a policy, and sessions are ended."""

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


def enter(walk: Walk, username: str, initial: str) -> None:
    walk.log_in(username, initial)
    walk.choose_password(initial, PASSWORD)


def add_staff(here: Walk, username: str) -> str:
    """Add a member of the staff; return the initial password."""
    here.go("/team/add/")
    here.field("Username").fill(username)
    here.field("Staff").check()
    here.press("Add the user")
    return here.text("#initial-password")


def set_policies(here: Walk) -> None:
    here.go("/team/")
    here.follow("Policies")
    here.inspect("1-policies")
    limit = here.page.get_by_role("textbox", name="Your idle limit")
    limit.fill("soon")
    here.press("Save the policies")
    assert "Give a number with its unit" in here.text("main")
    here.inspect("2-policies-wrong")
    limit.fill("10m")
    here.field("Administrators and staff").check()
    here.press("Save the policies")
    assert "The policies are changed." in here.text("main")
    assert "10 minutes" in here.text("main")
    here.inspect("3-policies-set")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_staff_register_by_a_policy_and_an_administrator_ends_their_session(
    acme: Organization, walk: Opens, width: int, scheme: str
) -> None:
    here: Walk = walk(width=width, scheme=scheme)
    enter(here, acme.username, acme.initial_password)
    sven = f"sven-{uuid4().hex[:8]}"
    initial = add_staff(here, sven)
    set_policies(here)

    there: Walk = walk(width=width, scheme=scheme, scripts=False)
    enter(there, sven, initial)
    there.follow("Register the first application")
    there.field("Name").fill("Meter import")
    there.press("Register")
    assert there.heading() == "Meter import is registered"
    there.field("I have stored the client secret").check()
    there.press("Done")
    assert there.heading() == "Meter import"
    there.tab("Credentials")
    assert there.page.get_by_text("Rotate the secret").count() == 0

    here.go("/team/")
    here.follow(sven)
    here.inspect("4-member")
    here.press(f"End all sessions of {sven}")
    assert "All their sessions have ended." in here.text("main")
    there.go("/account/")
    assert there.heading() == "Log in"
    assert here.faults == there.faults == []


def test_somebody_sees_where_they_are_logged_in_and_ends_it(
    acme: Organization, walk: Opens
) -> None:
    first: Walk = walk(width=360)
    enter(first, acme.username, acme.initial_password)
    here: Walk = walk(width=1600, scheme="dark")
    here.log_in(acme.username, PASSWORD)
    here.go("/account/")
    assert "Chrome on Linux" in here.text("main")
    assert "from 127.0.0.1" in here.text("main")
    here.inspect("1-account")

    here.page.get_by_role("button", name="End the session of Chrome on Linux").click()
    here.page.wait_for_load_state()
    assert "The session has ended." in here.text("main")
    first.go("/account/")
    assert first.heading() == "Log in"

    here.press("End all sessions and log out")
    assert here.heading() == "Log in"
    assert here.faults == first.faults == []
