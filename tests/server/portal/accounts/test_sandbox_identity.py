"""Production's accounts in the sandbox, where the operator has chosen one identity for both."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import structlog
from httpx2 import Response

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.users import store as people
from gatepass.server.domain.users.sessions.linked import store as linked
from gatepass.server.domain.users.sessions.proofs import store as proofs
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.storage.timestamps import milliseconds
from gatepass.testing import Clock
from server.portal.conftest import MakePortal
from server.portal.fixtures import PASSWORD, Browser, PortalServer
from server.portal.pages.test_registration import GOOD

_CSRF = re.compile(r'name="csrf" value="([^"]*)"')
PRODUCTION, SANDBOX = "http://localhost:8000", "http://localhost:8001"
APPLICATIONS = f"{SANDBOX}/oauth2/applications/"
OF_ACCOUNTS = [
    "/account/",
    "/accounts/password/",
    "/accounts/recover/",
    "/accounts/recover/s0me-token/",
    "/accounts/invitation/s0me-token/",
    "/team/",
    "/team/add/",
    "/team/invite/",
]


@pytest.fixture
def portal(make_portal: MakePortal) -> PortalServer:
    return make_portal(sandbox_identity="production")


@pytest.fixture
def sandbox(portal: PortalServer) -> ServedEnvironment:
    return portal.app.environments[1]


@pytest.fixture
def anna(portal: PortalServer) -> Browser:
    """A browser in which Anna is logged in to both."""
    browser = portal.as_("anna")
    assert opened(browser, APPLICATIONS).url == APPLICATIONS
    return browser


def opened(browser: Browser, url: str) -> Response:
    """Open a page, wherever that leads."""
    return browser.client.get(url, follow_redirects=True)


def hop(browser: Browser, url: str) -> str:
    """Open a page that leads on; give the address that it leads to."""
    response = browser.get(url)
    assert response.status_code == 303, response.text
    return urljoin(url, str(response.headers["location"]))


def code_url(browser: Browser, path: str = "/oauth2/applications/") -> str:
    """Begin a login in the sandbox, up to the address with the code."""
    return hop(browser, hop(browser, hop(browser, SANDBOX + path)))


def form(browser: Browser, page: str, url: str, /, **values: str) -> Response:
    """Send a form of the sandbox that is on a page."""
    found = re.findall(r'name="(csrf|once)" value="([^"]*)"', browser.get(SANDBOX + page).text)
    sent = {name: unescape(value) for name, value in found}
    return browser.send(SANDBOX + url, sent | values, origin=SANDBOX)


def is_in(browser: Browser) -> bool:
    return browser.get(APPLICATIONS).status_code == 200


def test_who_is_logged_in_to_production_gets_into_the_sandbox_without_a_form(
    portal: PortalServer,
) -> None:
    response = opened(portal.as_("anna"), f"{SANDBOX}/activity/")

    assert response.url == f"{SANDBOX}/activity/"
    assert "Acme Energy" in response.text
    assert "anna" in response.text


def test_a_login_in_production_leads_back_to_the_page_of_the_sandbox(portal: PortalServer) -> None:
    browser = portal.browser()
    login = opened(browser, f"{SANDBOX}/oauth2/applications/register/")
    after = unescape(re.findall(r'name="next" value="([^"]*)"', login.text)[0])
    response = browser.log_in("anna", next=after)

    assert str(login.url).startswith(f"{PRODUCTION}/accounts/login/")
    policy = login.headers["content-security-policy"]
    assert f"form-action 'self' {SANDBOX};" in policy
    location = str(response.headers["location"])
    arrived = opened(browser, PRODUCTION + location)
    assert arrived.url == f"{SANDBOX}/oauth2/applications/register/"


def test_the_sandbox_keeps_of_a_person_nothing_but_id_organization_and_role(
    portal: PortalServer, anna: Browser, sandbox: ServedEnvironment
) -> None:
    theirs = portal.person("anna")
    with sandbox.database.read() as connection:
        image = people.find(connection, theirs.id)
        organization = organizations.find(connection, theirs.org_id)

    assert image
    assert (image.org_id, image.role) == (theirs.org_id, "admin")
    assert (image.username, image.email, image.password_hash) == (None, None, None)
    assert organization
    assert organization.name == "Acme Energy"
    assert is_in(anna)


def test_applications_stay_apart(portal: PortalServer, anna: Browser) -> None:
    response = form(
        anna,
        "/oauth2/applications/register/",
        "/oauth2/applications/register/",
        name="Only a trial",
        client_type="confidential",
        authorization_grant_type="client-credentials",
        scope_read="yes",
    )

    assert response.status_code == 303, response.text
    assert "Only a trial" in anna.get(APPLICATIONS).text
    assert "Only a trial" not in anna.get(f"{PRODUCTION}/oauth2/applications/").text
    assert portal.rows("SELECT name FROM application") == []


def test_what_production_changes_of_a_role_is_in_force_in_the_sandbox_at_once(
    portal: PortalServer, anna: Browser
) -> None:
    before = anna.get(f"{SANDBOX}/activity/").status_code
    portal.run("UPDATE person SET role = 'staff' WHERE username = 'anna'")

    assert (before, anna.get(f"{SANDBOX}/activity/").status_code) == (200, 403)
    assert is_in(anna)


@pytest.mark.parametrize("ended", ["disabled", "suspended", "session", "logout", "initial"])
def test_what_ends_in_production_has_ended_in_the_sandbox(
    portal: PortalServer, anna: Browser, ended: str
) -> None:
    context, user = portal.environment.context, portal.person("anna")
    match ended:
        case "disabled":
            portal.run("UPDATE person SET disabled_at = created_at WHERE username = 'anna'")
        case "suspended":
            organization_lifecycle.set_suspended(context, OPERATOR, user.org_id, suspended=True)
        case "session":
            portal.run("DELETE FROM session")
        case "initial":
            portal.run("UPDATE person SET must_change_password = 1 WHERE username = 'anna'")
        case _:
            assert anna.post("/accounts/logout/").status_code == 303

    response = anna.get(APPLICATIONS)
    assert response.status_code == (403 if ended == "suspended" else 303)
    if ended != "suspended":
        assert opened(anna, APPLICATIONS).url != APPLICATIONS


def test_an_idle_session_of_production_ends_that_of_the_sandbox_but_work_there_keeps_both(
    portal: PortalServer, anna: Browser
) -> None:
    for _ in range(4):
        portal.clock.advance(20 * 60)
        assert is_in(anna)
    assert anna.get(f"{PRODUCTION}/account/").status_code == 200
    portal.clock.advance(31 * 60)

    assert not is_in(anna)
    assert anna.get(f"{PRODUCTION}/account/").status_code == 303


def test_a_logout_in_the_sandbox_is_one_for_both(portal: PortalServer, anna: Browser) -> None:
    response = form(anna, "/oauth2/applications/", "/accounts/logout/")
    page = anna.get(SANDBOX + str(response.headers["location"]))

    assert "You are logged out, here and in production." in page.text
    assert "Log in with your production account" in page.text
    assert not is_in(anna)
    assert anna.get(f"{PRODUCTION}/account/").status_code == 303
    assert portal.actions()[-1] == "logout"


def test_the_sandbox_takes_the_proofs_of_production_with_their_times(
    portal: PortalServer, anna: Browser, sandbox: ServedEnvironment
) -> None:
    portal.clock.advance(9 * 60)
    assert is_in(anna)
    with sandbox.database.read() as connection:
        [digest] = connection.exec_driver_sql("SELECT id_digest FROM session").scalars()
        first = proofs.of_session(connection, digest)
    later = sandbox.now()
    with portal.environment.database.write() as connection:
        [theirs] = connection.exec_driver_sql("SELECT id_digest FROM session").scalars()
        proofs.record(connection, theirs, "passkey", later)
    assert is_in(anna)
    with sandbox.database.read() as connection:
        second = proofs.of_session(connection, digest)

    assert later - first["password"] >= timedelta(minutes=9)
    assert second == {**first, "passkey": later}


@pytest.mark.parametrize("path", OF_ACCOUNTS)
def test_pages_about_accounts_say_that_they_are_in_production(anna: Browser, path: str) -> None:
    page = anna.get(SANDBOX + path)

    assert page.status_code == 200
    assert "This is in production" in page.text
    assert f'href="{PRODUCTION}/' in page.text
    assert "s0me-token" not in page.text


def test_forms_about_accounts_change_nothing_in_the_sandbox(
    portal: PortalServer, anna: Browser, sandbox: ServedEnvironment
) -> None:
    sven = portal.person("sven")
    paths = "/team/add/", "/team/invite/", f"/team/{sven.id}/disable/", "/accounts/password/"
    sent = [form(anna, "/oauth2/applications/", path, username="x") for path in paths]
    with sandbox.database.read() as connection:
        [people_there] = connection.exec_driver_sql("SELECT count(*) FROM person").scalars()

    assert [each.status_code for each in sent] == [409] * 4
    assert all("Nothing was changed." in each.text for each in sent)
    assert people_there == 1
    assert portal.person("sven").disabled_at is None


def test_the_sandbox_has_webhooks_of_its_own(
    portal: PortalServer, sandbox: ServedEnvironment, anna: Browser
) -> None:
    given = {"url": "https://hooks.example.com/", "events": "all"}

    added = form(anna, "/team/webhooks/add/", "/team/webhooks/add/", **given)

    page = opened(anna, f"{SANDBOX}/team/webhooks/").text
    with sandbox.database.read() as connection:
        urls = connection.exec_driver_sql("SELECT url FROM webhook_endpoint").all()
    assert added.status_code == 303
    assert [url for (url,) in urls] == ["https://hooks.example.com/"]
    assert portal.rows("SELECT url FROM webhook_endpoint") == []
    assert "https://hooks.example.com/" in page
    assert 'href="/team/webhooks/"' in anna.get(APPLICATIONS).text


def test_a_password_of_production_is_not_asked_for_at_the_login_of_the_sandbox(
    portal: PortalServer,
) -> None:
    browser = portal.browser()
    browser.get(f"{SANDBOX}/accounts/login/?done=logout")
    token = re.findall(
        r'name="csrf" value="([^"]*)"', browser.get(f"{PRODUCTION}/accounts/login/").text
    )
    sent = {"username": "anna", "password": PASSWORD, "csrf": token[0]}
    response = browser.send(f"{SANDBOX}/accounts/login/", sent, origin=SANDBOX)

    assert response.status_code == 403
    assert "Log in with your production account" in response.text
    assert not is_in(browser)


def test_a_code_opens_one_session(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    url = code_url(browser)
    first = browser.get(url)
    browser.client.cookies.delete("gatepass_session_test")
    again = browser.get(url)

    assert first.status_code == 303
    assert again.status_code == 400
    assert "This login did not work" in again.text
    assert not is_in(browser)


@pytest.mark.parametrize("wrong", ["late", "mutated", "cut", "other browser", "no cookie"])
def test_a_code_that_is_not_right_gets_one_page_and_opens_nothing(
    portal: PortalServer, wrong: str
) -> None:
    browser = portal.as_("anna")
    url = code_url(browser)
    code = url.split("/")[5]
    user = browser
    match wrong:
        case "late":
            portal.clock.advance(61)
        case "mutated":
            url = url.replace(code, code[:-1] + ("A" if code[-1] != "A" else "B"))
        case "cut":
            url = url.replace(code, code[:-2])
        case "other browser":
            user = portal.browser()
            user.get(f"{SANDBOX}/accounts/login/")
        case _:
            user = portal.browser()
    with structlog.testing.capture_logs() as logs:
        response = user.get(url)

    assert response.status_code == 400
    assert "This login did not work" in response.text
    assert not is_in(user)
    assert code not in str(logs)
    assert [each["event"] for each in logs] == ["login_code.refused"]


def test_a_code_is_worth_nothing_in_production(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    url = code_url(browser).replace(SANDBOX, PRODUCTION)
    other = portal.browser()

    assert browser.get(url).status_code == 404
    assert other.get(url).status_code == 404
    assert other.get("/account/").status_code == 303


def test_no_account_or_session_of_the_sandbox_is_one_of_production(
    portal: PortalServer, sandbox: ServedEnvironment, anna: Browser
) -> None:
    organization_lifecycle.create(sandbox.context, sandbox.hasher, OPERATOR, "Acme", "sandy")
    with sandbox.database.write() as connection:
        sandy = people.find_by_username(connection, "sandy")
        assert sandy
        hashed = portal.person("anna").password_hash
        people.change(connection, sandy.id, {"password_hash": hashed})
    cookie = anna.client.cookies.get("gatepass_session_test")
    thief = portal.browser()
    thief.client.cookies.set("gatepass_session_live", str(cookie))

    assert portal.browser().log_in("sandy").status_code == 400
    assert thief.get("/account/").status_code == 303
    assert thief.get("/accounts/sandbox/").status_code == 303


def test_the_sandbox_gives_no_codes(anna: Browser) -> None:
    response = anna.get(f"{SANDBOX}/accounts/sandbox/?challenge={'A' * 43}")

    assert response.status_code == 200
    assert "This is in production" in response.text


@pytest.mark.parametrize(
    "query", ["", "?challenge=", "?challenge=abc", "?challenge=https://evil.example/"]
)
def test_production_gives_no_code_without_a_challenge(portal: PortalServer, query: str) -> None:
    assert portal.as_("anna").get(f"/accounts/sandbox/{query}").status_code == 400


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)"],
)
def test_only_the_sandbox_is_ever_led_to(portal: PortalServer, target: str) -> None:
    browser = portal.as_("anna")
    begun = hop(browser, f"{SANDBOX}/accounts/login/?next={target}")
    challenge = parse_qs(urlsplit(begun).query)["challenge"][0]
    params = {"challenge": challenge, "next": target, "redirect_uri": target}
    given = browser.get("/accounts/sandbox/", params=params).headers["location"]
    arrived = browser.get(given, params={"next": target}).headers["location"]

    assert begun.startswith(f"{PRODUCTION}/accounts/sandbox/?challenge=")
    assert given.startswith(f"{SANDBOX}/accounts/code/")
    assert "evil" not in begun + given + arrived
    assert arrived == "/oauth2/applications/"


def test_a_form_whose_session_has_ended_keeps_what_was_typed(
    portal: PortalServer, anna: Browser
) -> None:
    page = "/oauth2/applications/register/"
    token = re.findall(r'name="csrf" value="([^"]*)"', anna.get(SANDBOX + page).text)[0]
    portal.run("DELETE FROM session")
    kept = anna.send(SANDBOX + page, {"csrf": token, "name": "Half-typed"}, origin=SANDBOX)
    hidden = dict(re.findall(r'name="((?:csrf|next|saved)[^"]*)" value="([^"]*)"', kept.text))
    anna.client.get(f"{PRODUCTION}/accounts/login/")
    anna.log_in("anna")
    assert opened(anna, SANDBOX + page).url == SANDBOX + page
    shown = anna.send(f"{SANDBOX}/accounts/login/", hidden, origin=SANDBOX)

    assert kept.status_code == 403
    assert 'target="_blank"' in kept.text
    assert "Half-typed" in shown.text
    assert "Check what you typed" in shown.text


def test_a_form_without_a_session_is_not_led_to_another_host(portal: PortalServer) -> None:
    browser = portal.browser()
    response = browser.send(f"{SANDBOX}/team/add/", {}, origin=SANDBOX)
    logout = browser.send(f"{SANDBOX}/accounts/logout/", {}, origin=SANDBOX)
    page = browser.get(SANDBOX + str(logout.headers["location"]))

    assert response.status_code == 409
    assert page.status_code == 200
    assert "Your session had ended" in page.text


def test_an_organization_that_is_linked_keeps_its_applications(
    portal: PortalServer, sandbox: ServedEnvironment
) -> None:
    old = organization_lifecycle.create(
        sandbox.context, sandbox.hasher, OPERATOR, "Acme (trial)", "anna"
    )
    with sandbox.database.write() as connection:
        linked.link_organization(connection, portal.person("anna").org_id, old.organization.id)
    browser = portal.as_("anna")
    opened(browser, APPLICATIONS)
    registered = form(
        browser,
        "/oauth2/applications/register/",
        "/oauth2/applications/register/",
        name="Trial",
        client_type="confidential",
        authorization_grant_type="client-credentials",
        scope_read="yes",
    )
    with sandbox.database.read() as connection:
        [owner] = connection.exec_driver_sql("SELECT org_id FROM application").scalars()
        kept = people.find_by_username(connection, "anna")
        image = people.find(connection, portal.person("anna").id)

    assert registered.status_code == 303
    assert str(owner).replace("-", "") == old.organization.id.hex
    assert kept
    assert kept.id == old.administrator.id
    assert image
    assert image.org_id == old.organization.id


def test_after_switching_back_the_sandbox_has_its_own_accounts_again(
    make_portal: MakePortal,
) -> None:
    apart = make_portal()
    sandbox = apart.app.environments[1]
    made = organization_lifecycle.create(sandbox.context, sandbox.hasher, OPERATOR, "Acme", "sandy")
    with sandbox.database.write() as connection:
        values = {
            "password_hash": apart.person("anna").password_hash,
            "must_change_password": False,
        }
        people.change(connection, made.administrator.id, values)
    before = apart.browser(sandbox=True)
    assert before.log_in("sandy").status_code == 303
    apart.close()
    one = make_portal(sandbox_identity="production")
    during = one.as_("anna")
    assert opened(during, APPLICATIONS).url == APPLICATIONS
    assert one.browser(sandbox=True).client.get(APPLICATIONS).status_code == 303
    one.close()
    again = make_portal()
    after = again.browser(sandbox=True)
    after.client.cookies.update(during.client.cookies)

    assert after.get("/oauth2/applications/").status_code == 303
    fresh = again.browser(sandbox=True)
    assert fresh.log_in("sandy").status_code == 303
    assert fresh.get("/oauth2/applications/").status_code == 200


def test_apart_neither_environment_gives_or_takes_a_code(make_portal: MakePortal) -> None:
    portal = make_portal()
    anna = portal.as_("anna")

    assert anna.get(f"/accounts/sandbox/?challenge={'A' * 43}").status_code == 404
    assert anna.get(f"{SANDBOX}/accounts/code/{'A' * 43}/").status_code == 404
    assert "Username" in anna.get(f"{SANDBOX}/accounts/login/").text


@pytest.mark.parametrize("setting", ["separate", "production"])
@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/oauth2/applications/", "/oauth2/applications/"),
        ("/oauth2/applications/register/", "/oauth2/applications/register/"),
        ("/activity/", "/activity/"),
        ("/team/add/", "/team/add/"),
        ("/team/webhooks/add/", "/team/webhooks/"),
        ("/account/", "/account/"),
        ("/nothing/", "/"),
    ],
)
def test_the_link_to_the_other_environment_leads_to_the_same_kind_of_page(
    make_portal: MakePortal, setting: str, path: str, leads_to: str
) -> None:
    page = make_portal(sandbox_identity=setting).as_("anna").get(path)
    [link] = re.findall(r'<a href="([^"]*)">Go to the sandbox</a>', page.text)
    is_of_accounts = leads_to in {"/team/add/", "/account/"}
    expected = "/" if setting == "production" and is_of_accounts else leads_to

    assert link == SANDBOX + expected
    assert ("(separate accounts)" in page.text) == (setting == "separate")


def test_on_the_tables_of_the_version_before_the_sandbox_says_what_is_missing(
    make_portal: MakePortal,
) -> None:
    before = make_portal()
    for table in ("login_code", "session_handle", "linked_session", "linked_organization"):
        before.run(f"DROP TABLE {table}")
    before.run("UPDATE gatepass_schema SET revision = '0016'")
    before.close()
    portal = make_portal(sandbox_identity="production", auto_migrate=False)
    browser = portal.as_("anna")
    response = opened(browser, APPLICATIONS)

    assert response.status_code == 503
    assert "gatepass migrate" in response.text
    assert browser.get("/account/").status_code == 200


def rotate(portal: PortalServer, anna: Browser) -> tuple[str, Response]:
    """Register an application of the sandbox, and ask for another secret much later."""
    made = form(
        anna,
        "/oauth2/applications/register/",
        "/oauth2/applications/register/",
        name="Trial",
        client_type="confidential",
        authorization_grant_type="client-credentials",
        scope_read="yes",
    )
    path = str(made.headers["location"]).removesuffix("credentials/")
    portal.clock.advance(11 * 60)
    return path, form(anna, path, f"{path}rotate/", overlap="0")


def hidden(page: Response) -> dict[str, str]:
    found = re.findall(r'name="((?:csrf|next|saved)[^"]*)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


def test_a_proof_that_the_sandbox_needs_is_given_in_production_and_the_form_goes_on(
    portal: PortalServer, anna: Browser
) -> None:
    path, asked = rotate(portal, anna)
    [link] = re.findall(r'href="([^"]*)" target="_blank"', asked.text)
    early = anna.send(f"{SANDBOX}/accounts/verify/", hidden(asked), origin=SANDBOX)
    there = opened(anna, unescape(link))
    proved = anna.send(
        "/accounts/verify/", {**hidden(there), "current_password": PASSWORD, "way": "password"}
    )
    confirmed = opened(anna, urljoin(PRODUCTION, str(proved.headers["location"])))
    sent = anna.send(f"{SANDBOX}/accounts/verify/", hidden(early), origin=SANDBOX)

    assert asked.status_code == 403
    assert link.startswith(f"{PRODUCTION}/accounts/verify/")
    assert "You have not confirmed it in production yet." in early.text
    assert "go on in the tab of the sandbox" in confirmed.text
    assert sent.status_code == 303, sent.text
    assert sent.headers["location"] == f"{path}credentials/"
    assert "gps_test_" in anna.get(SANDBOX + path + "credentials/").text


def test_the_sandbox_takes_no_password_as_a_proof(portal: PortalServer, anna: Browser) -> None:
    _, asked = rotate(portal, anna)
    given = {**hidden(asked), "current_password": PASSWORD, "way": "password"}
    refused = anna.send(f"{SANDBOX}/accounts/verify/", given, origin=SANDBOX)

    assert 'type="password"' not in asked.text
    assert refused.status_code == 403
    assert "You have not confirmed it in production yet." in refused.text


def test_a_session_from_an_old_one_of_production_has_the_times_of_its_proofs(
    portal: PortalServer, sandbox: ServedEnvironment, clock: Clock
) -> None:
    browser = portal.as_("anna")
    proved_at = portal.environment.now()
    clock.advance(20 * 60)
    opened(browser, APPLICATIONS)

    page = opened(browser, f"{SANDBOX}/oauth2/applications/register/").text
    form = {**GOOD, "csrf": _CSRF.findall(page)[0], "once": "x" * 22}
    asked = browser.client.post(f"{SANDBOX}/oauth2/applications/register/", data=form)

    with sandbox.database.read() as connection:
        ats = set(connection.exec_driver_sql("SELECT at FROM proof").scalars())
    assert ats == {milliseconds(proved_at)}
    assert "Confirm that it is you" in asked.text
