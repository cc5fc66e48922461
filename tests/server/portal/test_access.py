"""Who may open what, generated from the table of pages; and what answers where no page does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations.webhooks import operations as webhooks
from gatepass.server.domain.users import operations as people
from gatepass.server.domain.users.notices import operations as notices
from gatepass.server.domain.users.sessions import operations as sessions
from gatepass.server.portal.access import Access, PageAccess
from gatepass.server.portal.route_table.route import Route
from gatepass.server.portal.routes import ROUTES
from gatepass.testing import Clock
from server.portal.fixtures import START, Browser, PortalServer, copied

ROLES = {"admin": "anna", "staff": "sven", "user": "ulla"}
OPEN_TO: dict[PageAccess, set[str | None]] = {
    Access.ANYONE: {"admin", "staff", "user", None},
    Access.LOGGED_IN: {"admin", "staff", "user"},
    Access.STAFF: {"admin", "staff"},
    Access.REGISTRANT: {"admin"},  # and staff, where the policy says so
    Access.ADMIN: {"admin"},
    Access.PARTNER: {"admin", "staff", "user"},
    Access.TEAM_STAFF: {"admin", "staff"},
    Access.TEAM_ADMIN: {"admin"},
    Access.OPERATOR: set(),  # see the matrix of operators
}
NOBODYS = "00000000-0000-4000-8000-000000000000"
ENDS_SESSION = re.compile("login|logout|^/account/sessions/end/")
GETS = [route for route in ROUTES if route.method == "GET"]
POSTS = [route for route in ROUTES if route.method != "GET"]


def path_of(route: Route, **ids: str) -> str:
    path = route.path.replace("{token}", "nobodys-token")
    return re.sub(r"{(\w+):uuid}", lambda found: ids.get(found[1], NOBODYS), path)


def ask(browser: Browser, route: Route, path: str) -> tuple[int, str]:
    response = browser.get(path) if route.method == "GET" else browser.post(path)
    return response.status_code, response.headers.get("location", "")


@pytest.mark.spec("ASVS", "8.2.1")
@pytest.mark.parametrize("route", GETS, ids=lambda route: route.path)
def test_a_page_is_open_to_the_roles_of_the_table_and_to_nobody_else(
    shared_portal: PortalServer, shared_browsers: dict[str, Browser], route: Route
) -> None:
    shared_portal.clock.advance(3600)  # so many denials are recorded in an hour
    _check_access(shared_portal, shared_portal.browser(), route, None)
    for role, username in ROLES.items():
        _check_access(shared_portal, shared_browsers[username], route, role)


@pytest.mark.spec("ASVS", "8.2.1")
@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.path)
def test_a_form_is_open_to_the_roles_of_the_table_and_to_nobody_else(
    portal: PortalServer, route: Route
) -> None:
    _check_access(portal, portal.browser(), route, None)
    for role, username in reversed(ROLES.items()):  # an administrator may change what others may
        _check_access(portal, portal.as_(username), route, role)


def _check_access(portal: PortalServer, visitor: Browser, route: Route, role: str | None) -> None:
    path = path_of(route)
    before = portal.actions()

    status, location = ask(visitor, route, path)

    if role in OPEN_TO[route.access]:
        assert status != 403, role
        assert not location.startswith("/accounts/login/") or ENDS_SESSION.search(path)
    elif role is None:
        wanted = f"?next={path}" if route.method == "GET" else ""
        assert (status, location) == (303, f"/accounts/login/{wanted}")
        assert portal.actions() == before
    else:
        assert status == 403
        assert portal.actions() == [*before, "access.denied"]


def test_what_is_open_to_whom_is_as_agreed() -> None:
    by_access: dict[PageAccess, set[str]] = {access: set() for access in Access}
    for route in ROUTES:
        by_access[route.access].add(f"{route.method} {route.path}")

    assert by_access[Access.ANYONE] == {
        "GET /",
        "GET /language/",
        "GET /accounts/code/{token}/",
        *(
            f"{method} /accounts/{page}/"
            for method in ("GET", "POST")
            for page in (
                *("login", "login/second-step", "recover", "recover/{token}"),
                *("invitation/{token}", "single-sign-on"),
            )
        ),
        "POST /accounts/login/passkey/",
        "GET /accounts/single-sign-on/{org_id:uuid}/",
        "GET /accounts/single-sign-on/{org_id:uuid}/callback/",
    }
    assert by_access[Access.STAFF] == {
        "GET /oauth2/applications/",
        "GET /oauth2/applications/usage/",
        *(
            f"GET /oauth2/applications/{{app_id:uuid}}/{page}"
            for page in (
                *("", "credentials/", "usage/", "refusals/"),
                *("uses/", "automatic-rotation/", "keys/", "methods/", "guide/"),
                "certificates/",
            )
        ),
    }
    assert by_access[Access.TEAM_STAFF] == {"GET /team/"}
    assert by_access[Access.PARTNER] == {"GET /accounts/sandbox/"}
    assert all("/team/" in each for each in by_access[Access.TEAM_ADMIN])
    assert all("/console/" in each for each in by_access[Access.OPERATOR])
    assert by_access[Access.REGISTRANT] == {
        "GET /oauth2/applications/register/",
        "POST /oauth2/applications/register/",
        "POST /oauth2/applications/{app_id:uuid}/stored/",
    }
    assert all("/account" in each for each in by_access[Access.LOGGED_IN])


def test_staff_see_an_application_and_are_offered_no_change(portal: PortalServer) -> None:
    path = portal.as_("anna").register("Meter import")

    text = portal.as_("sven").get(path).text

    assert "Meter import" in text
    assert 'action="/oauth2/applications/' not in text


def test_a_user_is_told_in_words_that_a_page_is_not_theirs(portal: PortalServer) -> None:
    response = portal.as_("ulla").get("/oauth2/applications/")

    assert response.status_code == 403
    assert "Ask an administrator of your organization." in response.text


@dataclass
class Acmes:
    """What belongs to Acme, and somebody of another organization who has logged in."""

    portal: PortalServer
    ids: dict[str, str]
    bo: Browser


@pytest.fixture(scope="module")
def acmes(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acmes]:
    data = tmp_path_factory.mktemp("acmes") / "data"
    portal = PortalServer(copied(prepared, data), Clock(START))
    context = portal.environment.context
    path = portal.as_("anna").register()
    (secret_id,) = portal.rows("SELECT id FROM application_secret")[0]
    sven = portal.person("sven")
    people.set_role(context, OPERATOR, sven.org_id, sven.id, "user")
    [notice] = notices.of_user(context, sven.id)
    endpoint, _ = webhooks.add(context, OPERATOR, sven.org_id, "https://hooks.example.com/")
    portal.as_("sven")
    [session] = sessions.live_sessions(context, portal.environment.session_settings, sven)
    ids = {
        "app_id": path.rstrip("/").rpartition("/")[2],
        "user_id": str(sven.id),
        "secret_id": str(secret_id),
        "notice_id": str(notice.id),
        "endpoint_id": str(endpoint.id),
        "session_id": str(session.id),
    }
    yield Acmes(portal, ids, portal.as_("bo"))
    portal.close()


@pytest.mark.spec("ASVS", "8.2.2")
@pytest.mark.parametrize(
    "route",
    [each for each in ROUTES if "uuid" in each.path and each.access is not Access.ANYONE],
    ids=lambda route: f"{route.method} {route.path}",
)
def test_what_is_another_organizations_is_not_there(acmes: Acmes, route: Route) -> None:
    # Of one's own account there is no page but the list, which says that it is not there.
    not_there = (303, "/account/") if route.path.startswith("/account/sessions/") else (404, "")
    sven = acmes.ids["user_id"].replace("-", "")
    # The session of bo, which is written to, is left out.
    rows = (
        "SELECT * FROM application, application_secret, person, session, webhook_endpoint "
        f"WHERE session.person_id = x'{sven}' OR session.person_id = '{sven}'"
    )
    before = acmes.portal.rows(rows)

    missing = ask(acmes.bo, route, path_of(route))
    others = ask(acmes.bo, route, path_of(route, **acmes.ids))

    assert others == missing == not_there
    assert before
    assert acmes.portal.rows(rows) == before


@pytest.mark.parametrize(
    "path",
    [
        "/nothing/",
        "/oauth2/applications/1/",
        "/oauth2/applications/not-a-uuid/",
        "/oauth2/applications/00000000-0000-4000-8000-00000000000g/",
        f"/oauth2/applications/{NOBODYS}{NOBODYS}/",
        f"/oauth2/applications/{NOBODYS}/nothing/",
        "/team/1/",
        "/team/%00/",
        "/%0a",
        "/team/%0a",
        "/oauth2/applications/..%2f..%2f/",
        "//evil.example",
        "//evil.example/team",
        "/activity/?before=x",
        "/activity/?before=-1",
        "/activity/?before=99999999999999999999",
        "/activity/?before=%D9%A3",
        "/team/?after=x",
        f"/team/?after={NOBODYS}",
    ],
)
def test_what_is_not_there_is_said_to_be_not_there(portal: PortalServer, path: str) -> None:
    browser = portal.as_("anna")

    browser.client.headers["Accept"] = "text/html"

    response = browser.get("http://localhost:8000" + path)

    assert response.status_code == 404
    assert "Page not found" in response.text


@pytest.mark.parametrize("route", GETS, ids=lambda route: route.path)
def test_a_missing_slash_is_mended_for_pages(
    shared_browsers: dict[str, Browser], route: Route
) -> None:
    path = path_of(route)
    if path == "/":
        return
    response = shared_browsers["anna"].get(path.rstrip("/"))

    assert (response.status_code, response.headers["location"]) == (307, path)


def test_a_missing_slash_is_not_mended_for_forms(portal: PortalServer) -> None:
    assert portal.as_("anna").post("/accounts/logout").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/accounts/logout/", "POST"),
        ("POST", "/account/", "GET, HEAD"),
        ("PUT", "/accounts/login/", "GET, HEAD, POST"),
        ("DELETE", "/oauth2/applications/", "GET, HEAD"),
        ("OPTIONS", "/team/add/", "GET, HEAD, POST"),
        ("TRACE", "/", "GET, HEAD"),
        ("NONSENSE", "/", "GET, HEAD"),
    ],
)
def test_another_method_is_told_which_ones_there_are(
    portal: PortalServer, method: str, path: str, allowed: str
) -> None:
    response = portal.as_("anna").client.request(method, path)

    assert (response.status_code, response.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("route", GETS, ids=lambda route: route.path)
def test_a_head_is_answered_as_the_get_is(
    shared_browsers: dict[str, Browser], route: Route
) -> None:
    path = path_of(route)
    browser = shared_browsers["anna"]

    assert browser.client.head(path).status_code == browser.get(path).status_code


def test_the_role_of_the_next_click_is_the_new_one(portal: PortalServer) -> None:
    sven, anna = portal.as_("sven"), portal.as_("anna")
    assert sven.get("/activity/").status_code == 403

    anna.post(f"/team/{portal.person('sven').id}/role/", role="admin")

    assert sven.get("/activity/").status_code == 200


def test_when_the_database_is_away_the_page_says_so(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    file = portal.settings.data / "production.sqlite3"
    portal.environment.database.close()
    file.rename(file.with_name("elsewhere"))
    file.mkdir()

    response = browser.get("/account/")

    file.rmdir()
    file.with_name("elsewhere").rename(file)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert "Not available" in response.text
    assert browser.is_logged_in()


@pytest.mark.spec("ASVS", "16.5.4")
def test_what_nobody_foresaw_gets_a_bland_page(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    portal.run("UPDATE person SET created_at = 'x'")

    response = browser.get("/account/")

    assert response.status_code == 500
    assert "Internal error" in response.text
    assert "Traceback" not in response.text
