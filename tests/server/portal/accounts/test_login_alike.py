"""What a refused login costs, which must not tell whether there is such a person."""

import pytest

from gatepass.testing import Clock
from server.portal.fixtures import PortalServer
from server.statements import asked

NAMES = {"anna": "198.51.100.1", "nobody": "198.51.100.2"}
_BY_NAME = "person.username = coalesce"  # as SQLAlchemy writes a look-up by name


@pytest.mark.spec("ASVS", "6.3.8")
def test_who_must_wait_is_looked_up_by_nobody(portal: PortalServer) -> None:
    for username, source in NAMES.items():
        browser = portal.browser(source)
        for _ in range(5):
            browser.log_in(username, "wrong")
        csrf = browser.csrf()
        with asked(portal.environment.database) as statements:
            response = browser.send("/accounts/login/", form(username, csrf))

        assert response.status_code == 429
        assert statements
        assert not [each for each in statements if _BY_NAME in each or "organization" in each]


@pytest.mark.spec("ASVS", "6.3.8")
@pytest.mark.parametrize("failures", [0, 5], ids=["wrong password", "must wait"])
def test_the_database_is_asked_the_same_for_known_and_unknown_names(
    portal: PortalServer, failures: int
) -> None:
    told = {}
    for username, source in NAMES.items():
        browser = portal.browser(source)
        for _ in range(failures):
            browser.log_in(username, "wrong")
        csrf = browser.csrf()
        with asked(portal.environment.database) as statements:
            browser.send("/accounts/login/", form(username, csrf))
        told[username] = list(statements)

    assert told["anna"] == told["nobody"]
    assert len(told["anna"]) > 1


@pytest.mark.spec("ASVS", "6.3.8")
def test_the_database_is_asked_the_same_for_known_and_unknown_addresses(
    portal: PortalServer,
) -> None:
    told = {}
    for username, source in (
        ("nora@acme.example", "198.51.100.1"),
        ("nobody@acme.example", "198.51.100.2"),
        ("zzz@zzz.example", "198.51.100.3"),
    ):
        browser = portal.browser(source)
        csrf = browser.csrf()
        with asked(portal.environment.database) as statements:
            browser.send("/accounts/login/", form(username, csrf))
        told[username] = list(statements)

    assert told["nora@acme.example"] == told["nobody@acme.example"] == told["zzz@zzz.example"]
    assert any("email_key = coalesce" in each for each in told["nora@acme.example"])


def test_the_device_of_an_owner_still_has_limits_of_its_own(
    portal: PortalServer, clock: Clock
) -> None:
    mine = portal.as_("anna")
    mine.post("/accounts/logout/")
    stranger = portal.browser("198.51.100.9")
    for _ in range(6):
        stranger.log_in("anna", "wrong")
    clock.advance(1)

    assert stranger.log_in("anna").status_code == 429
    assert mine.log_in("ANNA ").status_code == 303


def test_the_device_of_somebody_else_gives_no_limits_of_its_own(portal: PortalServer) -> None:
    browser = portal.as_("bo", "198.51.100.3")
    browser.post("/accounts/logout/")

    statuses = [browser.log_in("anna", "wrong").status_code for _ in range(6)]

    assert statuses == [400] * 5 + [429]
    assert portal.browser("198.51.100.3").log_in("anna", "wrong").status_code == 429


def form(username: str, csrf: str) -> dict[str, str]:
    return {"csrf": csrf, "username": username, "password": "wrong"}
