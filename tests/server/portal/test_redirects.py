"""Where a person can be sent, and where never."""

import json
from pathlib import Path

import pytest

from gatepass.server.portal import redirects
from server.portal.fixtures import PortalServer

VECTORS = Path(__file__).parents[2] / "vectors"
FOREIGN: list[str] = json.loads((VECTORS / "foreign_destinations.json").read_text())


@pytest.mark.spec("ASVS", "1.3.6")
@pytest.mark.parametrize("text", FOREIGN)
def test_nobody_is_sent_to_what_is_no_own_path(text: str) -> None:
    assert redirects.own_path(text) == ""
    assert redirects.login(text) == "/accounts/login/"


@pytest.mark.parametrize("text", ["/", "/team/", "/activity/?before=9", "/a//b", "/%2F%2Fevil"])
def test_an_own_path_is_kept(text: str) -> None:
    assert redirects.own_path(text) == text


def test_a_path_of_any_length_is_not_kept() -> None:
    assert redirects.own_path("/" + "a" * 5000) == ""


@pytest.mark.parametrize(
    "text",
    [text for text in FOREIGN if text and all(char >= " " and char != "\x7f" for char in text)],
)
def test_a_login_never_leads_to_another_host(portal: PortalServer, text: str) -> None:
    browser = portal.browser()
    shown = browser.get("/accounts/login/", params={"next": text}).text

    assert 'name="next" value=""' in shown
    assert browser.log_in("anna", next=text).headers["location"] == "/oauth2/applications/"
