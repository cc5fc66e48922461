"""The console in a real browser: from the first owner to a partner whose calls are accepted."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser

from browser.walk import Walk
from server_process import Server, serving

PASSWORD = "four dull penguins reading maps"
ELSEWHERE, HERE = "198.51.100.0/24", "127.0.0.1"
_PATIENCE = 60.0  # seconds, on a busy machine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("console") / "data") as server:
        yield server


def first_login(here: Walk, username: str, initial: str) -> None:
    here.log_in(username, initial)
    here.choose_password(initial, PASSWORD)


def initial_password(here: Walk) -> str:
    """Read an initial password from the page that shows it once, and go on."""
    found = here.text("#initial-password")
    here.inspect("initial-password")
    here.page.locator("#stored").check()
    here.press("Go on")
    return found


def token(server: Server, client_id: str, secret: str) -> int:
    form = {"grant_type": "client_credentials"}
    url = f"{server.url()}/oauth2/token/"
    return httpx2.post(url, data=form, auth=(client_id, secret), trust_env=False).status_code


def allow(here: Walk, path: str, networks: str) -> None:
    """Set the networks of an application, as its administrator."""
    here.go(f"{path}settings/")
    here.page.locator("#networks").fill(networks)
    here.page.locator("form:has(#networks) button[type=submit]").click()
    here.page.wait_for_load_state()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_an_account_manager_sees_why_a_partner_is_refused_until_it_is_fixed(
    server: Server, browser: Browser, width: int, scheme: str, tmp_path: Path
) -> None:
    def opened() -> Walk:
        return Walk(browser, server.url(), width, scheme, tmp_path, scripts=True)

    owner_name, manager_name, admin = f"olga{width}", f"mara{width}", f"anna{width}"
    added = server.run("operator", "add", owner_name, "--role", "owner", "--json")
    assert added.status == 0, added.err
    assert server.run("operator", "require-second-factor", "off").status == 0
    owner = opened()
    first_login(owner, owner_name, json.loads(added.out)["initial_password"])
    assert owner.heading() == "Overview"
    owner.inspect("overview")
    owner.follow("Operators")
    owner.inspect("operators")
    owner.follow("Add an operator")
    owner.page.locator("#username").fill(manager_name)
    owner.page.locator("#production_account_manager").check()
    owner.inspect("add-operator")
    owner.press("Add the operator")
    manager_initial = initial_password(owner)

    manager = opened()
    first_login(manager, manager_name, manager_initial)
    manager.follow("Organizations")
    manager.follow("Create an organization")
    manager.field("Name").fill(f"Nova Grid {width}")
    manager.page.locator("#username").fill(admin)
    manager.inspect("new-organization")
    manager.press("Create the organization")
    partner = opened()
    first_login(partner, admin, initial_password(manager))
    organization = manager.page.url
    partner.register("Billing sync")
    client_id, secret = partner.text("#client-id"), partner.text("#client-secret")
    path = partner.page.url.removesuffix("credentials/")
    allow(partner, path, ELSEWHERE)

    refused = token(server, client_id, secret)
    wait_for(manager, organization, HERE)
    manager.inspect("organization")
    manager.page.get_by_role("link", name="Billing sync", exact=True).first.click()
    manager.inspect("application")
    said = manager.text("main")
    allow(partner, path, HERE)

    assert refused == 401
    assert HERE in said
    assert "etwork" in said
    assert secret not in said
    assert token(server, client_id, secret) == 200
    assert list_organizations(server, registered_program(owner)) == 200
    change_policy(owner, "20m" if width == 360 else "25m")
    for each in (owner, manager, partner):
        each.close()
        assert each.faults == []


def registered_program(owner: Walk) -> tuple[str, str]:
    """Register a program that calls the Admin API; return its client id and secret."""
    owner.follow("API access")
    owner.follow("Register a program")
    owner.field("Name").fill("Back office")
    owner.page.locator('[name="scope_production:organizations:read"]').check()
    owner.inspect("register-program")
    owner.press("Register the program")
    found = owner.text("#client-id"), owner.text("#client-secret")
    owner.inspect("program-credentials")
    owner.page.locator("#stored").check()
    owner.press("Done")
    owner.inspect("program")
    return found


def list_organizations(server: Server, program: tuple[str, str]) -> int:
    """Return the status of a call of the Admin API with a token of a program."""
    form = {"grant_type": "client_credentials"}
    url = f"{server.url()}/oauth2/token/"
    issued = httpx2.post(url, data=form, auth=program, trust_env=False).json()["access_token"]
    bearer = {"Authorization": f"Bearer {issued}"}
    url = f"{server.url()}/api/admin/v1/production/organizations"
    return httpx2.get(url, headers=bearer, trust_env=False).status_code


def change_policy(owner: Walk, idle: str) -> None:
    """Change the idle limit, over the page that says what that stops."""
    owner.follow("Policy")
    owner.inspect("policy")
    owner.page.locator("#session_idle").fill(idle)
    owner.press("Change the policy")
    assert owner.heading() == "Change the policy?"
    owner.inspect("change-policy")
    owner.press("Yes, change the policy")
    assert owner.page.locator("#session_idle").input_value() == idle


def wait_for(here: Walk, path: str, text: str) -> None:
    """Open a page until it shows a text: refusals are written every few seconds."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        here.go(path)
        if text in here.page.locator("section[aria-labelledby=refused]").inner_text():
            return
        time.sleep(0.5)
    raise AssertionError(here.text("main"))
