"""Single sign-on through a real provider, node-oidc-provider, by real requests."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from clients.openid_provider import CLIENT_ID, CLIENT_SECRET, running
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer, prepare
from server.portal.single_sign_on.company import PEOPLE, REFUSED, SETUP, own_domain, sent

ACCOUNTS = {
    "anna": {"email": "anna@acme.example", "email_verified": True},
    "zoe": {
        "email": "zoe@acme.example",
        "email_verified": True,
        "given_name": "Zoe",
        "family_name": "Ng",
        "groups": ["API team"],
    },
    "carl": {"email": "carl@acme.example", "email_verified": False},
}
NETWORKS = {"private_networks": ["127.0.0.0/8", "::1/128"]}


class Acme:
    """A portal, and the provider of one of its organizations."""

    def __init__(self, portal: PortalServer, issuer: str) -> None:
        self.portal, self.issuer = portal, issuer
        self.start = f"/accounts/single-sign-on/{portal.person('anna').org_id}/"

    def set_up(self) -> Browser:
        anna = self.portal.as_("anna")
        anna.post(
            f"{SETUP}provider/",
            issuer=self.issuer,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
        )
        back = self.come_back(anna, sent(anna.post(f"{SETUP}test/")), "anna")
        assert back.headers["location"] == f"{SETUP}#test"
        return anna

    def turn_on(self) -> None:
        anna = self.set_up()
        anna.post(f"{SETUP}people/", **PEOPLE)
        own_domain(self.portal, self.portal.person("anna").org_id, "acme.example")
        anna.post(f"{SETUP}on/", emergency=str(self.portal.person("anna").id))

    def log_in(self, account: str) -> tuple[Browser, httpx2.Response]:
        browser = self.portal.browser()
        url = sent(browser.get(self.start))
        return browser, self.come_back(browser, url, account)

    def come_back(self, browser: Browser, url: str, account: str) -> httpx2.Response:
        """Log in at the provider as somebody, with a browser of its own, and come back."""
        with httpx2.Client(follow_redirects=False) as there:
            response = there.get(url)
            for _ in range(5):
                location = str(response.headers["location"])
                if "/callback/" in location:
                    parts = urlsplit(location)
                    return browser.get(parts.path, dict(parse_qsl(parts.query)))
                page = httpx2.URL(self.issuer).join(location)
                response = there.get(page)
                if response.status_code == 200:
                    response = there.post(page, data={"account": account})
        raise AssertionError("the provider sent nobody back")


@pytest.fixture
def acme(request: pytest.FixtureRequest, node: str, tmp_path: Path) -> Iterator[Acme]:
    clock = Clock(time.time())  # the provider has the real one
    prepare(tmp_path / "data", clock)
    portal = PortalServer(tmp_path / "data", clock, single_sign_on=NETWORKS)
    org_id = portal.person("anna").org_id
    uri = f"{portal.environment.issuer}/accounts/single-sign-on/{org_id}/callback/"
    method = getattr(request, "param", "client_secret_basic")
    with running(node, [uri], ACCOUNTS, method) as issuer:
        yield Acme(portal, issuer)
    portal.close()


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize("acme", ["client_secret_basic", "client_secret_post"], indirect=True)
def test_a_test_shows_the_claims_of_a_real_provider(acme: Acme) -> None:
    page = acme.set_up().get(SETUP).text

    assert "It worked." in page
    assert "anna@acme.example" in page
    assert "Verified" in page


def test_people_of_a_real_provider_get_an_account_with_a_role_from_their_groups(
    acme: Acme,
) -> None:
    acme.turn_on()
    zoe, arrived = acme.log_in("zoe")
    _, again = acme.log_in("zoe")
    _, unverified = acme.log_in("carl")

    assert (arrived.status_code, again.status_code) == (303, 303)
    user = acme.portal.person("zoe@acme.example")
    assert (user.role, user.full_name) == ("staff", "Zoe Ng")
    assert zoe.is_logged_in()
    assert REFUSED in unverified.text


def test_a_real_provider_says_when_somebody_logged_in(acme: Acme) -> None:
    acme.turn_on()
    zoe, _ = acme.log_in("zoe")

    url = sent(zoe.get("/account/single-sign-on/proof/?next=/team/"))
    back = acme.come_back(zoe, url, "zoe")

    assert back.headers["location"] == "/team/"
    [(at,)] = acme.portal.rows("SELECT at FROM proof WHERE method = 'single_sign_on'")
    assert abs(int(at) / 1000 - time.time()) < 60
