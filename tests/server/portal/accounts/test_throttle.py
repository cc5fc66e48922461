"""Who must wait before the next attempt to log in, and who need not."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gatepass.server.domain.throttling.store import MOST_KEPT
from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from server.portal.fixtures import PortalServer, without_what_varies


@pytest.mark.spec("NIST SP 800-63B-4", "3.2.2")
def test_failures_slow_down_the_next_attempt_more_and_more(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.browser()
    waits = []
    for _ in range(5):
        assert browser.log_in("anna", "wrong").status_code == 400
    for _ in range(4):
        refused = browser.log_in("anna", "wrong")
        assert refused.status_code == 429
        waits.append(int(refused.headers["retry-after"]))
        clock.advance(waits[-1])
        assert browser.log_in("anna", "wrong").status_code == 400

    assert waits == [2, 4, 8, 16]


@pytest.mark.spec("ASVS", "6.3.8")
def test_known_and_unknown_usernames_must_wait_alike(portal: PortalServer) -> None:
    responses = []
    for username, source in (("anna", "198.51.100.1"), ("nobody", "198.51.100.2")):
        browser = portal.browser(source)
        responses.append([browser.log_in(username, "wrong") for _ in range(6)])

    known, unknown = responses
    assert [each.status_code for each in known] == [each.status_code for each in unknown]
    assert known[-1].headers["retry-after"] == unknown[-1].headers["retry-after"]
    assert without_what_varies(known[-1].text, 'value="anna"') == without_what_varies(
        unknown[-1].text, 'value="nobody"'
    )


def test_the_right_password_does_not_help_while_one_must_wait(portal: PortalServer) -> None:
    browser = portal.browser()
    for _ in range(5):
        browser.log_in("anna", "wrong")

    assert browser.log_in("anna").status_code == 429


def test_the_wait_can_be_sat_out_and_success_forgets_the_failures(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.browser()
    for _ in range(5):
        browser.log_in("anna", "wrong")
    clock.advance(2)

    assert browser.log_in("anna").status_code == 303
    browser.post("/accounts/logout/")
    assert browser.log_in("anna", "wrong").status_code == 400


def test_strangers_cannot_lock_out_an_owner_whose_browser_is_known(
    portal: PortalServer, clock: Clock
) -> None:
    owner = portal.as_("anna")
    owner.post("/accounts/logout/")
    for stranger in range(120):
        portal.browser(f"198.51.100.{stranger}").log_in("anna", "wrong")
        clock.advance(1)

    assert portal.browser("192.0.2.200").log_in("anna").status_code == 429
    assert owner.log_in("anna").status_code == 303


def test_a_known_browser_of_one_account_is_none_of_another(portal: PortalServer) -> None:
    sven = portal.as_("sven")
    sven.post("/accounts/logout/")
    for _ in range(5):
        portal.browser().log_in("anna", "wrong")

    assert sven.log_in("anna").status_code == 429


def test_the_browsers_id_from_before_a_login_is_worth_nothing_after_it(
    portal: PortalServer,
) -> None:
    owner = portal.as_("anna")
    old = dict(owner.client.cookies)["gatepass_device_live"]
    owner.post("/accounts/logout/")
    owner.log_in("anna")
    for _ in range(5):
        portal.browser().log_in("anna", "wrong")

    thief = portal.browser()
    thief.client.cookies.set("gatepass_device_live", old)

    assert thief.log_in("anna").status_code == 429


def test_guesses_made_side_by_side_do_not_slip_under_the_limit(portal: PortalServer) -> None:
    guessers = [portal.browser() for _ in range(8)]
    forms = [{"csrf": each.csrf(), "username": "anna", "password": "x"} for each in guessers]

    with ThreadPoolExecutor(8) as pool:
        responses = pool.map(
            lambda pair: pair[0].send("/accounts/login/", pair[1]).status_code,
            zip(guessers, forms, strict=True),
        )
        statuses = sorted(responses)

    assert statuses == [400] * 5 + [429] * 3


def test_another_network_is_not_made_to_wait(portal: PortalServer) -> None:
    for _ in range(6):
        portal.browser("198.51.100.1").log_in("anna", "wrong")

    assert portal.browser("198.51.100.2").log_in("anna").status_code == 303


def test_a_full_table_of_failures_is_cut_and_who_must_wait_still_waits(
    portal: PortalServer,
) -> None:
    browser = portal.browser()
    for _ in range(5):
        browser.log_in("anna", "wrong")
    at = int(portal.clock() * 1000) + 1000  # later than any of anna's
    portal.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100050)"
        f" INSERT INTO throttle SELECT 'stranger ' || i, 1, {at} FROM n"
    )

    maintenance.keep_bounds(portal.environment)

    assert portal.rows("SELECT count(*) FROM throttle") == [(MOST_KEPT,)]
    assert browser.log_in("anna").status_code == 429
