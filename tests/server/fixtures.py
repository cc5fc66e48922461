"""A Gatepass in this process: both environments, on a data directory and a clock of its own."""

import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from httpx2 import Response
from starlette.testclient import TestClient

from gatepass.server.app import Gatepass, create
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.throttling.hourly_limit import HourlyLimit
from gatepass.server.domain.token_policy import DEFAULT_LIFETIME
from gatepass.server.domain.users.passwords.passwords import PasswordSettings
from gatepass.server.environment import maintenance
from gatepass.server.environment.environment import file
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.testing import Clock
from gatepass.wire.credential import Mode
from gatepass.wire.metadata import INTROSPECT, REVOKE, TOKEN
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret
from server.direct import DirectClient, Loop
from server.migrated import give_tables

FORM = "application/x-www-form-urlencoded"
GRANT = {"grant_type": "client_credentials"}
LIVE, TEST = Mode.LIVE, Mode.TEST
HERE = "192.0.2.7"  # where a request comes from unless a test says otherwise (RFC 5737)
URL = {LIVE: "http://localhost:8000", TEST: "http://localhost:8001"}


INTROSPECTION = Scope(("introspection",))


def new_clock() -> Clock:
    """Return a clock that stops at the current second until a test advances it."""
    return Clock(float(int(time.time())))


class Client(NamedTuple):
    """A registered application and its first secret."""

    application: Application
    secret: Secret

    @property
    def client_id(self) -> str:
        return self.application.client_id

    @property
    def body(self) -> dict[str, str]:
        """The credentials as client_secret_post sends them."""
        return {"client_id": self.client_id, "client_secret": self.secret.value}

    def having(self, secret: Secret) -> "Client":
        return self._replace(secret=secret)


class InProcessServer:
    def __init__(self, app: Gatepass, clock: Clock, data: Path, loop: Loop | None = None) -> None:
        self.app = app
        self.loop = loop  # of all requests, which is quicker than one for each
        self.clock = clock
        self.data = data

    def environment(self, mode: Mode = LIVE) -> ServedEnvironment:
        return next(each for each in self.app.environments if each.mode is mode)

    def register(
        self,
        mode: Mode = LIVE,
        *,
        scope: Scope | None = None,
        allowed: Scope | None = None,
        lifetime: int = DEFAULT_LIFETIME,
        beside: Client | None = None,
    ) -> Client:
        """Register an application, in a new organization or `beside` another one."""
        environment = self.environment(mode)
        org_id = beside.application.org_id if beside else self.organization(mode)
        new = applications.register(
            environment.context,
            environment.catalogue,
            OPERATOR,
            org_id,
            name="Billing",
            scope=scope,
            allowed=allowed,
            token_lifetime=lifetime,
        )
        return Client(new.application, new.secret)

    def organization(self, mode: Mode = LIVE) -> Any:  # noqa: ANN401 - a UUID, as operations take it
        username = f"anna{time.monotonic_ns()}"
        created = organization_lifecycle.create(
            self.environment(mode).context,
            self.environment(mode).hasher,
            OPERATOR,
            "Acme Energy",
            username,
        )
        return created.organization.id

    def send(
        self,
        method: str,
        path: str,
        mode: Mode = LIVE,
        *,
        by: Client | None = None,
        source: str = HERE,
        headers: Mapping[str, str] | Mapping[bytes, bytes] | list[tuple[str, str]] | None = None,
        **given: Any,  # noqa: ANN401 - as httpx2 takes them
    ) -> Response:
        """Send a request; `by` authenticates it with Basic."""
        sent: list[Any] = list(headers.items() if isinstance(headers, Mapping) else headers or ())
        if by:
            sent.append(("Authorization", basic(by.client_id, by.secret.value)))
        with nullcontext(self.loop) if self.loop else Loop() as loop:
            http = DirectClient(self.app, loop, base_url=URL[mode], client=(source, 50000))
            return http.request(method, path, headers=sent, **given)

    def post(self, path: str, mode: Mode = LIVE, **given: Any) -> Response:  # noqa: ANN401
        return self.send("POST", path, mode, **given)

    def ask(
        self, by: Client | None = None, mode: Mode = LIVE, source: str = HERE, **form: str
    ) -> Response:
        """Ask for a token with Basic and a form."""
        return self.post(TOKEN, mode, by=by, source=source, data=GRANT | form)

    def token(self, by: Client, mode: Mode = LIVE, **form: str) -> str:
        answer = self.ask(by, mode, **form)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def revoke(self, by: Client, token: str, mode: Mode = LIVE, **form: str) -> Response:
        return self.post(REVOKE, mode, by=by, data={"token": token} | form)

    def introspect(self, by: Client, token: str, mode: Mode = LIVE) -> Response:
        return self.post(INTROSPECT, mode, by=by, data={"token": token})

    def is_active(self, by: Client, token: str, mode: Mode = LIVE) -> bool:
        answer = self.introspect(by, token, mode)
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["active"])

    def lose_database(self, mode: Mode = LIVE) -> None:
        """From now on the environment finds no database where there should be one."""
        database = self.environment(mode).database
        database.close()
        # in place, as the environment's parts share it
        Database.__init__(database, sqlite_url(Path("/nonexistent/gatepass.sqlite3")))

    def find_database(self, mode: Mode = LIVE) -> None:
        """Undo `lose_database`."""
        Database.__init__(self.environment(mode).database, sqlite_url(file(self.data, mode)))


def basic(client_id: str, secret: str) -> str:
    """Write Basic credentials as RFC 6749 §2.3.1 has them."""
    return raw_basic(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode())


def raw_basic(joined: bytes) -> str:
    return "Basic " + b64encode(joined).decode()


def whole(answer: Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return all that a caller can see of an answer."""
    return answer.status_code, sorted(answer.headers.multi_items()), answer.content


def refused(answer: Response) -> tuple[int, str]:
    """Return status and error code of a refusal, and see that it is a well-made one."""
    error = answer.json()
    assert set(error) == {"error", "error_description"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer.status_code, error["error"]


def settings(data: Path, **given: Any) -> Settings:  # noqa: ANN401
    # The cheapest hash that is allowed: nothing here waits for passwords.
    return Settings(data=data, password=PasswordSettings(time_cost=1, memory_kib=8192), **given)


@contextmanager
def open_server(data: Path, clock: Clock | None = None, **given: Any) -> Iterator[InProcessServer]:  # noqa: ANN401
    """Open a Gatepass with its followers, and close it."""
    clock = clock or new_clock()
    configured = settings(data, **given)
    give_tables(configured)
    app = create(configured, clock)
    with TestClient(app) as client:
        assert client.portal
        _log_everything(app)
        with Loop(client.portal) as loop:
            yield InProcessServer(app, clock, data, loop)


@contextmanager
def open_passive_server(
    data: Path,
    clock: Clock | None = None,
    **given: Any,  # noqa: ANN401
) -> Iterator[InProcessServer]:
    """Open a Gatepass that follows nothing: its memory changes when a test says so."""
    clock = clock or new_clock()
    configured = settings(data, **given)
    give_tables(configured)
    app = create(configured, clock)
    for environment in app.environments:
        environment.open()
    _log_everything(app)
    try:
        with Loop() as loop:
            yield InProcessServer(app, clock, data, loop)
    finally:
        for environment in app.environments:
            maintenance.close(environment)


def _log_everything(app: Gatepass) -> None:
    """Lift the limit of log lines: many tests share one server, source and hour."""
    for environment in app.environments:
        environment.context = replace(
            environment.context, log_limit=HourlyLimit(1_000_000, 1_000_000)
        )
