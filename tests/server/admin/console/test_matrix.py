"""Every role of operators against every page and form of the console, in both environments."""

from typing import get_args

import pytest

from gatepass.server.admin.console.routes import ENTRIES, Entry
from gatepass.server.admin.operations.model import Role
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users.operators import operations
from gatepass.server.domain.users.operators.model import Roles
from gatepass.server.environment.environment import NAMES
from gatepass.wire.credential import Mode
from server.portal.fixtures import Browser, PortalServer
from server.portal.test_access import NOBODYS

WHO: dict[str, Roles] = {
    "owner of production": {Mode.LIVE: frozenset({"owner"})},
    "account manager of the sandbox": {Mode.TEST: frozenset({"account_manager"})},
    "account manager": dict.fromkeys(Mode, frozenset({"account_manager"})),
    "security": dict.fromkeys(Mode, frozenset({"security"})),
    "both": dict.fromkeys(Mode, frozenset({"account_manager", "security"})),
}
PLACES = [(mode, entry) for entry in ENTRIES for mode in entry.modes]
GATED = ("GET", "POST")


def path_of(mode: Mode, entry: Entry) -> str:
    path = f"/console/{NAMES[mode]}/{entry.path}"
    while "{" in path:
        start, _, rest = path.partition("{")
        path = start + NOBODYS + rest.partition("}")[2]
    return path


def ask(browser: Browser, mode: Mode, entry: Entry) -> int:
    path = path_of(mode, entry)
    return (browser.get(path) if entry.method == "GET" else browser.post(path)).status_code


def expected(roles: Roles, mode: Mode, entry: Entry) -> set[int]:
    own = roles.get(mode, frozenset())
    if not own:
        return {404}
    if "owner" in own or own & entry.roles:
        # what the path names is nobody's: it is not found, or the form has nothing in it
        return {200, 303, 400, 404, 409, 422}
    return {403}


@pytest.mark.spec("ASVS", "8.2.1")
@pytest.mark.parametrize("who", WHO)
def test_an_operator_opens_what_their_roles_include_in_an_environment_and_nothing_else(
    operated: PortalServer, who: str
) -> None:
    operations.set_roles(
        operated.environment.context,
        OPERATOR,
        None,
        operated.person("mara").id,
        {mode: WHO[who].get(mode, frozenset()) for mode in Mode},
    )
    browser = operated.as_("mara")

    wrong = [
        f"{entry.method} {path_of(mode, entry)}: {status}"
        for mode, entry in PLACES
        if (status := ask(browser, mode, entry)) not in expected(WHO[who], mode, entry)
    ]

    assert wrong == []


@pytest.mark.parametrize("username", ["anna", "sven", "ulla", "nico"])
def test_for_partners_and_for_operators_without_a_role_the_console_is_not_there(
    operated: PortalServer, username: str
) -> None:
    browser = operated.as_(username)

    assert {ask(browser, mode, entry) for mode, entry in PLACES} == {404}


def test_without_a_login_every_page_leads_to_the_login(operated: PortalServer) -> None:
    browser = operated.browser()

    answers = [browser.get(path_of(mode, entry)) for mode, entry in PLACES if entry.method == "GET"]

    assert {each.status_code for each in answers} == {303}
    assert all(each.headers["location"].startswith("/accounts/login/") for each in answers)


def test_the_console_is_on_the_host_of_production_alone(operated: PortalServer) -> None:
    browser = operated.browser(sandbox=True)

    assert {ask(browser, mode, entry) for mode, entry in PLACES if entry.method == "GET"} == {404}


def test_a_refused_page_is_in_the_audit_trail_of_production(operated: PortalServer) -> None:
    mara = operated.as_("mara")
    operations.set_roles(
        operated.environment.context,
        OPERATOR,
        None,
        operated.person("mara").id,
        {Mode.TEST: frozenset()},
    )

    mara.get("/console/sandbox/")

    assert operated.actions()[-1] == "access.denied"


def test_the_table_names_roles_that_there_are_and_each_path_once() -> None:
    known = set(get_args(Role))
    keys = [(entry.method, entry.path) for entry in ENTRIES]

    assert all(entry.roles <= known for entry in ENTRIES)
    assert len(keys) == len(set(keys))
