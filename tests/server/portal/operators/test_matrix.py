"""Every role of operators against every page: what they may open, and nothing else."""

import pytest

from gatepass.server.admin.console.routes import ROUTES as CONSOLE
from gatepass.server.portal.access import Access, PageAccess
from gatepass.server.portal.routes import ROUTES
from server.portal.fixtures import Browser, PortalServer
from server.portal.test_access import ENDS_SESSION, ask, path_of

_OWN: set[PageAccess] = {Access.ANYONE, Access.LOGGED_IN}
OPEN_TO: dict[str, set[PageAccess]] = {
    "olga": _OWN | {Access.OPERATOR, Access.STAFF, Access.REGISTRANT, Access.ADMIN},
    "mara": _OWN | {Access.OPERATOR},
    "stan": _OWN | {Access.OPERATOR},
    "nico": _OWN,
}
CLOSED_TO_ALL = {Access.PARTNER, Access.TEAM_STAFF, Access.TEAM_ADMIN}


@pytest.mark.spec("ASVS", "8.2.1")
@pytest.mark.parametrize("username", OPEN_TO)
def test_an_operator_opens_the_pages_of_their_role_and_no_other(
    operated: PortalServer, username: str
) -> None:
    browser: Browser | None = None
    wrong: list[str] = []

    for route in ROUTES:
        path = path_of(route)
        browser = browser or operated.as_(username)
        status, location = ask(browser, route, path)
        is_open = status != 403
        if is_open != (route.access in OPEN_TO[username]):
            wrong.append(f"{route.method} {path}: {status} {location}")
        if ENDS_SESSION.search(path):
            browser = None

    assert wrong == []


def test_no_operator_opens_the_team_of_their_organization_or_enters_the_sandbox_as_a_partner() -> (
    None
):
    closed = {f"{each.method} {each.path}" for each in ROUTES if each.access in CLOSED_TO_ALL}

    assert {"GET /team/", "POST /team/add/", "POST /team/invite/"} <= closed
    assert "POST /team/{user_id:uuid}/role/" in closed
    assert "GET /accounts/sandbox/" in closed
    assert not {each for each in closed if "policies" in each or "single-sign-on" in each}
    assert all(CLOSED_TO_ALL.isdisjoint(each) for each in OPEN_TO.values())


@pytest.mark.parametrize("username", ["anna", "sven", "ulla"])
def test_nobody_of_a_partner_opens_a_page_of_operators(
    operated: PortalServer, username: str
) -> None:
    browser = operated.as_(username)
    own = [each for each in CONSOLE if each.access is Access.OPERATOR]

    statuses = {ask(browser, route, path_of(route))[0] for route in own}

    assert own
    assert statuses == {403}
    assert "/console/" not in browser.get("/account/").text
