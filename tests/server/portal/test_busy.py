"""The portal while more passwords wait to be hashed than may."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gatepass.concurrency.bounded_pool import RETRY_AFTER
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.domain.users.sessions import login
from gatepass.server.domain.users.sessions.operations import Visitor
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret
from server.portal.fixtures import HOME, NEW_PASSWORD, PASSWORD, PortalServer

BUSY = "Too many passwords are being checked just now. Nothing was changed."


@contextmanager
def full(portal: PortalServer) -> Iterator[None]:
    """Keep every thread and every place of the queue for password hashes."""
    release = threading.Event()
    chosen = portal.settings.password
    held = [
        portal.environment.hasher.pool.submit(release.wait)
        for _ in range(chosen.at_once + chosen.queue)
    ]
    try:
        yield
    finally:
        release.set()
        for each in held:
            each.result()


def failures(portal: PortalServer) -> list[int]:
    return [count for (count,) in portal.rows("SELECT failures FROM throttle WHERE failures > 0")]


@pytest.mark.spec("RFC 9110", "15.6.4")
@pytest.mark.parametrize("username", ["anna", "nobody"])
def test_a_login_that_finds_the_queue_full_is_told_to_come_back(
    portal: PortalServer, username: str
) -> None:
    browser = portal.browser()
    with full(portal):
        refused = browser.log_in(username)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, str(RETRY_AFTER))
    assert BUSY in refused.text
    assert f'value="{username}"' in refused.text
    assert PASSWORD not in refused.text


def test_a_login_that_was_not_looked_at_is_no_failure(portal: PortalServer) -> None:
    browser = portal.browser()
    with full(portal):
        for _ in range(8):
            browser.log_in("anna")

    assert failures(portal) == []
    assert portal.actions().count("login.refused") == 0
    assert browser.log_in("anna").status_code == 303


def test_pages_are_answered_while_every_thread_hashes(portal: PortalServer) -> None:
    logged_in = portal.as_("anna")
    with full(portal):
        statuses = {
            path: logged_in.get(path).status_code
            for path in ("/account/", "/team/", "/oauth2/applications/", "/activity/")
        }
        login = portal.browser().get("/accounts/login/").status_code

    assert set(statuses.values()) == {200}
    assert login == 200


def test_a_change_of_password_that_finds_the_queue_full_changes_nothing(
    portal: PortalServer,
) -> None:
    browser = portal.as_("anna")
    form = {
        "current_password": PASSWORD,
        "new_password": NEW_PASSWORD,
        "new_password_again": NEW_PASSWORD,
    }
    with full(portal):
        refused = [browser.post("/accounts/password/", **form) for _ in range(8)]
        still_there = browser.is_logged_in()

    assert {each.status_code for each in refused} == {503}
    assert {each.headers["retry-after"] for each in refused} == {str(RETRY_AFTER)}
    assert BUSY in refused[0].text
    assert still_there
    assert failures(portal) == []
    assert browser.post("/accounts/password/", **form).status_code == 303


def test_an_administrator_who_adds_a_person_keeps_what_was_typed(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    once = browser.form_id("/team/add/")
    form = {"username": "otto", "email": "otto@acme.example", "role": "user", "once": once}
    with full(portal):
        refused = browser.post("/team/add/", **form)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, str(RETRY_AFTER))
    assert BUSY in refused.text
    assert 'value="otto@acme.example"' in refused.text
    assert browser.is_logged_in()
    added = browser.post("/team/add/", **form)
    assert browser.get(added.headers["location"]).status_code == 200
    assert portal.person("otto").email == "otto@acme.example"


def test_a_new_initial_password_that_finds_the_queue_full_leaves_the_old_one(
    portal: PortalServer,
) -> None:
    browser = portal.as_("anna")
    sven = portal.person("sven")
    with full(portal):
        refused = browser.post(f"/team/{sven.id}/password/")

    assert (refused.status_code, refused.headers["retry-after"]) == (503, str(RETRY_AFTER))
    assert BUSY in refused.text
    assert portal.person("sven") == sven
    assert portal.browser("198.51.100.4").log_in("sven").status_code == 303


def test_who_must_wait_takes_no_place_in_the_queue(portal: PortalServer) -> None:
    browser = portal.browser()
    for _ in range(5):
        browser.log_in("anna", "wrong")
    pool = portal.environment.hasher.pool
    release = threading.Event()
    held = [pool.submit(release.wait) for _ in range(portal.settings.password.at_once)]
    taken = [f"{browser.log_in('anna', 'wrong').status_code} {pool.waiting}" for _ in range(3)]
    release.set()
    for each in held:
        each.result()

    assert taken == ["429 0"] * 3


def test_a_place_that_was_taken_meanwhile_uncounts_the_attempt(portal: PortalServer) -> None:
    visitor = Visitor(HOME, "", None)
    steps = login.log_in(
        portal.environment.context, portal.environment.hasher, visitor, "anna", Secret(PASSWORD)
    )
    next(steps)
    assert failures(portal) == [1, 1, 1]

    with pytest.raises(OAuthError):
        steps.throw(OAuthError("temporarily_unavailable", "Busy."))

    assert failures(portal) == []


def test_the_work_of_an_operation_touches_no_database(portal: PortalServer) -> None:
    """So that a thread for hashes never waits for a lock."""
    with portal.environment.database.write():
        password, hashed = run(initial_passwords.new_password(portal.environment.hasher))

    assert portal.environment.hasher.verify(password, hashed)
