"""An organization with its OpenID provider, and its people's ways through it."""

import re
from html import unescape
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

from httpx2 import Response

from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.server.domain.users.single_sign_on import store
from gatepass.server.domain.users.single_sign_on.model import Domain
from server.environment.openid_provider.fake_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    FakeProvider,
)
from server.portal.fixtures import Browser, PortalServer

SETUP = "/team/single-sign-on/"
DOMAIN = "acme.example"
REFUSED = "Single sign-on did not work"
PEOPLE = {
    "adds_people": "yes",
    "role_claim": "groups",
    "roles": "admins = admin\nAPI team = staff",
    "default_role": "user",
    "highest_role": "staff",
}
_REFRESH = re.compile(r'<meta http-equiv="refresh" content="0; url=([^"]+)">')

ZOE = {
    "sub": "n1",
    "email": "zoe@acme.example",
    "email_verified": True,
    "groups": ["API team"],
}
"""What the provider says of somebody who has no account yet."""


class Company:
    """Acme: anna is its administrator for emergencies."""

    def __init__(self, portal: PortalServer, provider: FakeProvider, admin: str = "anna") -> None:
        self.portal, self.provider, self.admin = portal, provider, admin
        self.org_id: UUID = portal.person(admin).org_id
        self.start = f"/accounts/single-sign-on/{self.org_id}/"
        self.callback = f"{self.start}callback/"

    def set_up(self, domain: str = DOMAIN) -> None:
        """Set single sign-on up as an administrator does, with a domain that is proved."""
        admin = self.portal.as_(self.admin)
        self.save(admin)
        assert "It worked." in self.test(admin).text
        turned_on = admin.post(f"{SETUP}on/", emergency=str(self.portal.person(self.admin).id))
        assert turned_on.status_code == 303, turned_on.text
        own_domain(self.portal, self.org_id, domain)

    def save(self, anna: Browser, **changed: str) -> Response:
        form = {
            "issuer": self.provider.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            **changed,
        }
        return anna.post(f"{SETUP}provider/", **form)

    def save_people(self, **changed: str) -> Response:
        anna = self.portal.as_("anna")
        saved = anna.post(f"{SETUP}people/", **{**PEOPLE, **changed})
        assert saved.status_code == 303, saved.text
        return saved

    def require(self) -> None:
        """Let a policy of the organization end passwords."""
        with self.portal.environment.database.write() as connection:
            policies.put(connection, self.org_id, StatedPolicy(single_sign_on="required"))

    def test(self, anna: Browser) -> Response:
        """Test the connection; return the page that says what came."""
        back = self.come_back(anna, sent(anna.post(f"{SETUP}test/")))
        assert back.status_code == 303, back.text
        return anna.get(back.headers["location"].partition("#")[0])

    def go(self, browser: Browser, path: str = "") -> str:
        """Begin a login; return where the browser is sent."""
        return sent(browser.get(path or self.start))

    def come_back(self, browser: Browser, url: str, **changed: str | None) -> Response:
        """Log in at the provider and follow the way back, with changed parameters."""
        query = self.provider.authorize(url, **changed)
        return browser.get(f"{self.callback}?{urlencode(query)}")

    def log_in(self, browser: Browser | None = None, **changed: str | None) -> Response:
        browser = browser or self.portal.browser()
        return self.come_back(browser, self.go(browser), **changed)

    def connect(self, username: str) -> Browser:
        """Connect somebody's account with who logs in at the provider."""
        browser = self.portal.as_(username)
        url = sent(browser.post("/account/single-sign-on/connect/"))
        back = self.come_back(browser, url)
        assert back.headers["location"] == "/account/", back.text
        return browser

    def identities(self) -> list[tuple[str, str]]:
        query = (
            "SELECT subject, username FROM single_sign_on_identity "
            "JOIN person ON person.id = person_id ORDER BY username"
        )
        return [(str(subject), str(username)) for subject, username in self.portal.rows(query)]


def sent(response: Response) -> str:
    """Return where a response sends the browser: to the provider."""
    if response.status_code == 303:
        url = str(response.headers["location"])
    else:
        found = _REFRESH.search(response.text)
        assert found, response.text
        url = unescape(found[1])
    assert urlsplit(url).path == "/auth", url
    return url


def own_domain(portal: PortalServer, org_id: UUID, name: str) -> None:
    """Have a domain proved, without the DNS."""
    now = portal.environment.now()
    new = Domain(uuid4(), org_id, name, "token", now)
    with portal.environment.database.write() as connection:
        store.add_domain(connection, new)
        store.prove_domain(connection, new, now)
