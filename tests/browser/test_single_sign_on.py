"""Single sign-on in a real browser, through a real provider and with a real DNS server."""

import json
import re
from collections.abc import Callable, Iterator

import pytest

from browser.walk import Walk
from clients import openid_provider
from clients.conftest import node as node  # noqa: PLC0414 - the fixture
from clients.openid_provider import CLIENT_ID, CLIENT_SECRET
from server.environment.openid_provider import dns_server
from server_process import Server, serving

Opens = Callable[..., Walk]
PASSWORD = "four dull penguins reading maps"
ACCOUNTS = {
    "anna": {"email": "anna@acme.example", "email_verified": True},
    "zoe": {"email": "zoe@acme.example", "email_verified": True, "groups": ["API team"]},
    "carl": {"email": "carl@acme.example", "email_verified": False},
}
RECORD = "_gatepass-challenge.acme.example"


@pytest.fixture(scope="module")
def records() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def server(records: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("single-sign-on")
    with dns_server.serving(records) as address:
        variables = {
            "GATEPASS_SINGLE_SIGN_ON__PRIVATE_NETWORKS": "127.0.0.0/8, ::1/128",
            "GATEPASS_SINGLE_SIGN_ON__DNS_SERVERS": address,
        }
        with serving(folder / "data", variables=variables) as server:
            yield server


def set_up(here: Walk, issuer: str, records: dict[str, str]) -> None:
    """Set single sign-on up as an administrator does, and turn it on."""
    here.go("/team/")
    here.follow("Single sign-on")
    here.inspect("1-empty")
    here.field("Issuer").fill(issuer)
    here.field("Client id").fill(CLIENT_ID)
    here.page.locator("#client_secret").fill(CLIENT_SECRET)
    here.press("Save the provider")
    here.press("Test the connection")
    log_in_there(here, "anna")
    here.page.get_by_text("It worked.").wait_for()
    here.inspect("2-tested")
    here.field("Domain").fill("acme.example")
    here.press("Add the domain")
    here.page.get_by_role("button", name="Check now").click()
    here.page.get_by_text("has no such TXT record").first.wait_for()
    here.inspect("3-no-record")
    records[RECORD] = re.findall(r"gatepass-domain=\w+", here.text("main"))[0]
    here.page.get_by_role("button", name="Check now").click()
    here.page.get_by_text("acme.example is proved.").wait_for()
    here.page.get_by_label("Give people an account").check()
    here.page.locator("#role_claim").fill("groups")
    here.page.locator("#roles").fill("API team = staff")
    here.press("Save accounts and roles")
    here.field("Emergency administrator").select_option("anna")
    here.press("Turn single sign-on on")
    here.page.get_by_text("Single sign-on is on.", exact=True).wait_for()
    here.inspect("4-on")


def log_in_there(here: Walk, account: str) -> None:
    here.page.get_by_role("heading", name="Company login").wait_for()
    here.page.get_by_label("Account").fill(account)
    here.page.get_by_role("button", name="Sign in").click()
    here.page.wait_for_load_state()


def come_from_the_company(here: Walk, account: str) -> None:
    here.go("/accounts/login/")
    here.follow("Log in with your company")
    here.inspect(f"5-address-{account}")
    here.field("Work email").fill(f"{account}@acme.example")
    here.press("Continue")
    log_in_there(here, account)


def test_an_organization_sets_single_sign_on_up_and_its_people_arrive_through_it(
    server: Server, records: dict[str, str], walk: Opens, node: str
) -> None:
    made = server.run(
        *("organization", "create", "Acme", "--admin", "anna"),
        *("--environment", "sandbox", "--json"),
    )
    organization = json.loads(made.out)
    uri = f"/accounts/single-sign-on/{organization['org_id']}/callback/"
    issuer_of_portal = organization["login_url"].partition("/accounts/")[0]
    with openid_provider.running(node, [issuer_of_portal + uri], ACCOUNTS) as issuer:
        here: Walk = walk()
        here.log_in("anna", organization["initial_password"])
        here.choose_password(organization["initial_password"], PASSWORD)
        set_up(here, issuer, records)
        here.go("/account/")
        here.inspect("6-connect")
        here.press("Connect my account")  # the provider knows her from the test
        here.page.get_by_text("Your account is connected with localhost.").first.wait_for()

        there: Walk = walk(width=360, scheme="dark", scripts=False)
        come_from_the_company(there, "zoe")
        assert there.heading() == "Applications"
        there.go("/account/")
        assert "Your account has no password" in there.text("main")
        assert "Staff" in there.text("main")
        there.inspect("7-arrived")

        stranger: Walk = walk(width=360)
        come_from_the_company(stranger, "carl")
        assert stranger.heading() == "Single sign-on did not work"
        stranger.inspect("8-refused")

        assert here.faults == there.faults == stranger.faults == []
        assert "the email address is missing or not verified" in server.log()
        assert CLIENT_SECRET not in server.log()
