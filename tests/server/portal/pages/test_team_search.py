"""The search above the list of the team."""

import re
from uuid import uuid4

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import operations
from gatepass.server.domain.users.model import User
from server.portal.fixtures import Browser, PortalServer


@pytest.fixture
def browser(portal: PortalServer) -> Browser:
    org_id, now = portal.person("anna").org_id, portal.environment.now()
    for first, last, email in (
        ("\u00c5sa", "Lindstr\u00f6m", "asa@acme.example"),
        ("Bob", "100%", "bob_1@acme.example"),
    ):
        new = User(uuid4(), org_id, "user", now, now, None, email, None, first, last)
        operations.add(portal.environment.context, OPERATOR, new)
    return portal.as_("anna")


def found(browser: Browser, **query: str) -> set[str]:
    text = browser.get("/team/", query).text
    return set(re.findall(r'<a href="/team/[0-9a-f-]{36}/">([^<]*)</a>', text))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "SVE"}, {"sven"}),
        ({"q": "\u00e5sa"}, {"\u00c5sa Lindstr\u00f6m"}),
        ({"q": "lindstr"}, {"\u00c5sa Lindstr\u00f6m"}),
        ({"q": "bob_1@"}, {"Bob 100%"}),
        ({"q": "0%"}, {"Bob 100%"}),
        ({"role": "staff"}, {"sven"}),
        ({"q": "nora", "role": "admin"}, {"nora"}),
        ({"q": "nora", "role": "staff"}, set()),
        ({"q": "%"}, {"Bob 100%"}),
        ({"q": "'; DROP TABLE person; --"}, set()),
        (
            {"q": "\0"},
            {"anna", "nils", "nora", "sven", "ulla", "Bob 100%", "\u00c5sa Lindstr\u00f6m"},
        ),
    ],
)
def test_who_is_found(browser: Browser, query: dict[str, str], names: set[str]) -> None:
    assert found(browser, **query) == names


def test_nobody_of_another_organization_is_found(browser: Browser) -> None:
    assert found(browser, q="bo") == {"Bob 100%"}


def test_nobody_found_is_said_in_words(browser: Browser) -> None:
    text = browser.get("/team/", {"q": "<b>nobody"}).text

    assert "Nobody found" in text
    assert 'value="&lt;b&gt;nobody"' in text


@pytest.mark.parametrize("role", ["owner", "", "admin'--"])
def test_a_role_that_is_not_there_filters_nothing(browser: Browser, role: str) -> None:
    assert len(found(browser, role=role)) == 7


def test_a_search_goes_on_on_the_next_page(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatepass.server.portal.pages.users.team._MOST", 2)
    text = browser.get("/team/", {"role": "admin"}).text
    (more,) = re.findall(r'href="(/team/\?[^"]*after=[^"]*)"', text)

    assert "role=admin" in more
    after = more.rpartition("after=")[2]
    seen = found(browser, role="admin") | found(browser, role="admin", after=after)
    assert seen == {"anna", "nils", "nora"}
