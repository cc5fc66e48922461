"""The whole server in this process, with people, browsers to visit it, and a clock in hand."""

import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from gatepass.server.app import Gatepass, create
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users import store as people_store
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.domain.users.passwords.passwords import PasswordSettings
from gatepass.server.environment.maintenance import index_names
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.testing import Clock
from gatepass.wire.credential import Mode
from gatepass.wire.secret import Secret
from server.direct import DirectClient, Loop

PASSWORD = "seven violet herons by the canal"
NEW_PASSWORD = "eleven copper kettles in the rain"
CHEAP = PasswordSettings(time_cost=1, memory_kib=8 * 1024)
TLS = EnvironmentSettings(hosts=("app.example.com",), issuer="https://app.example.com")
START = 1_800_000_000.0
HOME = "203.0.113.7"

_CSRF = re.compile(r'name="csrf" value="([^"]*)"')
_ONCE = re.compile(r'name="once" value="([^"]*)"')


class PortalServer:
    """A server in which Acme has anna (admin), sven (staff), ulla (user); and Bolt has bo."""

    def __init__(self, data: Path, clock: Clock, **settings: Any) -> None:  # noqa: ANN401
        self.clock = clock
        self.settings = Settings(**{"data": data, "password": CHEAP, **settings})
        self.app: Gatepass = create(self.settings, clock)
        self.app.lifespan.open()
        self.environment: ServedEnvironment = self.app.environments[0]
        self._loop = Loop()

    def close(self) -> None:
        self._loop.__exit__(None, None, None)
        self.app.lifespan.close()

    def browser(self, source: str = HOME, *, sandbox: bool = False, url: str = "") -> "Browser":
        mode = Mode.TEST if sandbox else Mode.LIVE
        client = DirectClient(
            self.app,
            self._loop,
            base_url=url or self.settings.issuer(mode),
            raise_server_exceptions=False,
            follow_redirects=False,
            client=(source, 50000),
            headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"},
        )
        return Browser(client)

    def as_(self, username: str, source: str = HOME) -> "Browser":
        browser = self.browser(source)
        response = browser.log_in(username)
        assert response.status_code == 303, response.text
        return browser

    def person(self, username: str) -> User:
        with self.environment.database.read() as connection:
            found = people_store.find_by_username(connection, username)
        assert found
        return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.environment.database.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def run(self, statement: str) -> None:
        with self.environment.database.write() as connection:
            connection.exec_driver_sql(statement)

    def actions(self) -> list[str]:
        return [str(action) for (action,) in self.rows("SELECT action FROM audit ORDER BY id")]

    def dump(self) -> bytes:
        """Return everything that the database files hold."""
        files = sorted(self.settings.data.glob("*.sqlite3*"))
        return b"".join(file.read_bytes() for file in files)


class Browser:
    """Somebody's browser: keeps cookies, and sends a form with the token of the page it is on."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.origin = str(client.base_url).rstrip("/")
        # the cookies that it came with, and the token
        self._csrf: tuple[list[tuple[str, str | None]] | None, str] = (None, "")

    def get(self, path: str, params: dict[str, str] | None = None) -> Response:
        return self.client.get(path, params=params)

    def post(self, path: str, **form: str) -> Response:
        return self.send(path, {"csrf": self._csrf_of_page(), **form})

    def send(self, path: str, form: dict[str, str], **headers: str) -> Response:
        sent = {"origin": self.origin, "sec-fetch-site": "same-origin"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, data=form, headers=sent)

    def csrf(self) -> str:
        """Read the token of its forms from a page that has one."""
        token = self._read_csrf()
        self._csrf = (self._cookies(), token)
        return token

    def _csrf_of_page(self) -> str:
        """Return the token as a page has it that was opened since the cookies changed."""
        cookies, token = self._csrf
        return token if cookies == self._cookies() else self.csrf()

    def _cookies(self) -> list[tuple[str, str | None]]:
        return [(each.name, each.value) for each in self.client.cookies.jar]

    def _read_csrf(self) -> str:
        for path in ("/accounts/login/", "/accounts/password/", "/account/"):
            found = _CSRF.findall(self.get(path).text)
            if found:
                return unescape(found[-1])
        raise AssertionError("no form found")

    def form_id(self, path: str) -> str:
        return str(_ONCE.findall(self.get(path).text)[-1])

    def log_in(self, username: str, password: str = PASSWORD, **form: str) -> Response:
        sent = {"csrf": self.csrf(), "username": username, "password": password, **form}
        return self.send("/accounts/login/", sent)

    def register(self, name: str = "Billing sync", **form: str) -> str:
        """Register an application; give its path."""
        given = {
            "name": name,
            "client_type": "confidential",
            "authorization_grant_type": "client-credentials",
            "scope_read": "yes",
            "scope_write": "yes",
            **form,
        }
        response = self.post("/oauth2/applications/register/", **given)
        assert response.status_code == 303, response.text
        return str(response.headers["location"]).removesuffix("credentials/")

    def is_logged_in(self) -> bool:
        return self.get("/account/").status_code == 200


def without_what_varies(text: str, username: str) -> str:
    """Leave out what was typed and the form's random id."""
    lines = text.replace(username, "USERNAME").splitlines()
    return "\n".join(line for line in lines if 'type="hidden"' not in line)


def prepare(data: Path, clock: Clock | None = None, **settings: Any) -> None:  # noqa: ANN401
    """Fill a data directory with users; copies of it are quicker than new ones."""
    portal = PortalServer(data, clock or Clock(START), **settings)
    acme = organization_lifecycle.create(
        portal.environment.context, portal.environment.hasher, OPERATOR, "Acme Energy", "anna"
    )
    organization_lifecycle.create(
        portal.environment.context, portal.environment.hasher, OPERATOR, "Bolt Power", "bo"
    )
    hashed = portal.environment.hasher.hash(Secret(PASSWORD))
    for username, role in (("sven", "staff"), ("ulla", "user"), ("nils", "admin")):
        initial_passwords.add_with_access(
            portal.environment.context,
            OPERATOR,
            acme.organization.id,
            username=username,
            email=None,
            role=role,
            initial=run(initial_passwords.new_password(portal.environment.hasher)),
        )
    initial_passwords.add_with_access(
        portal.environment.context,
        OPERATOR,
        acme.organization.id,
        username="nora",
        email="nora@acme.example",
        role="admin",
        initial=run(initial_passwords.new_password(portal.environment.hasher)),
    )
    with portal.environment.database.write() as connection:
        for username in ("anna", "sven", "ulla", "bo", "nora"):
            found = people_store.find_by_username(connection, username)
            assert found
            values = {"password_hash": hashed, "must_change_password": False}
            people_store.change(connection, found.id, values)
        nils = people_store.find_by_username(connection, "nils")
        assert nils
        people_store.change(connection, nils.id, {"password_hash": hashed})
    index_names(portal.environment)  # else each copy would do it
    portal.close()


def copied(prepared: Path, data: Path) -> Path:
    shutil.copytree(prepared, data)
    return data
