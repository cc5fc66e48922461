"""One log-in for production and the sandbox in a real browser."""

import json
from collections.abc import Callable, Iterator

import pytest

from browser.walk import Walk
from server_process import Server, serving

Opens = Callable[..., Walk]
NEW_PASSWORD = "nine tall lamps beside a harbour"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("one-identity")
    variables = {"GATEPASS_SANDBOX_IDENTITY": "production"}
    with serving(folder / "data", variables=variables) as server:
        yield server


def add_administrator(server: Server, name: str) -> str:
    """Create an organization in production; give its administrator's initial password."""
    to_production = "--environment", "production", "--json"
    ran = server.run("organization", "create", name, "--admin", name, *to_production)
    assert ran.status == 0, ran.err
    return str(json.loads(ran.out)["initial_password"])


@pytest.mark.parametrize(
    ("width", "scheme", "scripts"),
    [(1280, "light", True), (360, "dark", True), (1280, "dark", False)],
)
def test_a_person_goes_from_production_to_the_sandbox_and_back_with_one_log_in(
    server: Server,
    walk: Opens,
    width: int,
    scheme: str,
    scripts: bool,  # noqa: FBT001
) -> None:
    name = f"anna{width}{scheme}"
    initial = add_administrator(server, name)
    here: Walk = walk(width=width, scheme=scheme, scripts=scripts)
    sandbox, production = server.url("sandbox"), server.url("production")

    here.go(f"{sandbox}/activity/")
    assert here.page.url.startswith(f"{production}/accounts/login/")
    here.field("Username").fill(name)
    here.field("Password").fill(initial)
    here.press("Log in")
    here.choose_password(initial, NEW_PASSWORD)
    assert here.page.url == f"{production}/oauth2/applications/"
    here.inspect("1-production")

    here.follow("Go to the sandbox")
    assert here.page.url == f"{sandbox}/oauth2/applications/"
    here.inspect("2-sandbox")
    here.register("Trial")
    assert here.heading()
    here.follow("Team")
    assert here.page.url == f"{production}/team/"
    here.go(f"{sandbox}/team/")
    here.inspect("3-in-production")
    here.follow("Go on in production")
    assert here.page.url == f"{production}/team/"
    here.follow("Applications")
    assert "Trial" not in here.text("main")

    here.go(f"{sandbox}/oauth2/applications/")
    assert "Trial" in here.text("main")
    here.press("Log out")
    assert "You are logged out, here and in production." in here.text("main")
    here.inspect("4-logged-out")
    here.follow("Log in with your production account")
    assert here.page.url.startswith(f"{production}/accounts/login/")
    here.field("Username").fill(name)
    here.field("Password").fill(NEW_PASSWORD)
    here.press("Log in")
    assert here.page.url == f"{sandbox}/oauth2/applications/"
    assert here.faults == []


def test_a_form_whose_session_has_ended_is_sent_after_a_log_in_in_another_tab(
    server: Server, walk: Opens
) -> None:
    initial = add_administrator(server, "bo")
    here: Walk = walk()
    production = server.url("production")
    here.go(f"{production}/accounts/login/")
    here.field("Username").fill("bo")
    here.field("Password").fill(initial)
    here.press("Log in")
    here.choose_password(initial, NEW_PASSWORD)
    here.go("/oauth2/applications/register/")
    here.field("Name").fill("Half-typed")
    with here.page.context.expect_page() as opened:
        here.page.evaluate(f"window.open('{production}/account/')")
    there = opened.value
    there.get_by_role("button", name="Log out", exact=True).click()
    there.wait_for_url("**/accounts/login/**")
    here.press("Register")
    here.inspect("1-kept")
    with here.page.context.expect_page() as opened:
        here.page.get_by_role("link", name="Log in with your production account").click()
    there = opened.value
    there.get_by_label("Username").fill("bo")
    there.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    there.get_by_role("button", name="Log in", exact=True).click()
    there.wait_for_url(f"{server.url('sandbox')}/**")
    here.press("Go on with the form")

    assert here.field("Name").input_value() == "Half-typed"
    here.press("Register")
    assert "Half-typed" in here.text("main")
    assert here.faults == []
