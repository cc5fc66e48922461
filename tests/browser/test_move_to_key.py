"""An application moves from a secret to a key while its program calls all the time."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from uuid import uuid4

import pytest

from browser.walk import Walk
from gatepass.jose import compact
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.tokens.assertion import TYPE
from gatepass.wire.metadata import TOKEN
from server_process import Organization, Server

Opens = Callable[..., Walk]
PASSWORD = "four dull penguins reading maps"
PATIENCE = 60.0  # seconds; uses are written every few seconds
LONG_AGO = 16 * 24 * 3600 * 1000  # milliseconds


@pytest.fixture
def acme(server: Server) -> Organization:
    return server.create_organization("Acme Energy", f"anna-{uuid4().hex[:8]}", "sandbox")


class Program:
    """A partner's program: it asks for tokens by a secret, then by a key."""

    def __init__(self, server: Server, client_id: str, secret: str) -> None:
        self._server, self._client_id, self._secret = server, client_id, secret
        self.key: PrivateKey | None = None
        self.statuses: list[int] = []
        self._is_over = threading.Event()

    def ask(self) -> int:
        if self.key is None:
            return self._server.ask_token(self._client_id, self._secret, "sandbox").status
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._server.url("sandbox"),
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
        }
        head: dict[str, object] = {"alg": self.key.alg, "kid": self.key.kid, "typ": "JWT"}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": compact.sign(head, claims, self.key.sign),
        }
        return self._server.ask("POST", TOKEN, "sandbox", data=form).status

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(0.1):
            self.statuses.append(self.ask())


def on_page(here: Walk, text: str) -> None:
    """Load the page again until it has a text."""
    until = time.monotonic() + PATIENCE
    while text not in here.text("main"):
        assert time.monotonic() < until, here.text("main")
        here.page.wait_for_timeout(250)
        here.page.reload()


def used_long_ago(server: Server, client_id: str) -> None:
    """Set the uses of an application's secrets back, as if two weeks had passed."""
    own = "application_id = (SELECT id FROM application WHERE client_id = ?)"
    change = "created_at = created_at - ?, last_used_at = last_used_at - ?"
    with closing(sqlite3.connect(server.data / "sandbox.sqlite3", timeout=30)) as database:
        database.execute(
            f"UPDATE application_secret SET {change} WHERE {own}",
            (LONG_AGO, LONG_AGO, client_id),
        )
        database.commit()


def test_an_application_moves_from_a_secret_to_a_key_and_no_call_fails(
    server: Server, acme: Organization, walk: Opens
) -> None:
    here: Walk = walk(width=360)
    here.log_in(acme.username, acme.initial_password)
    here.choose_password(acme.initial_password, PASSWORD)
    here.register("Billing")
    client_id, secret = here.text("#client-id"), here.text("#client-secret")
    here.field("I have stored the client secret").check()
    here.press("Done")
    program = Program(server, client_id, secret)
    with program.running():
        here.tab("Credentials")
        here.follow("From secrets to keys")
        here.inspect("1-register-a-key")
        here.follow("Add a key")
        key = PrivateKey.generate("ES256")
        here.field("Name of the key").first.fill("Nightly import")
        here.field("Public key").fill(json.dumps(key.public_jwk()))
        here.press("Add the key")
        here.inspect("2-keys")

        here.follow("From secrets to keys")
        on_page(here, "The first use shows here within seconds")
        here.inspect("3-deploy")
        program.key = key
        on_page(here, "Nightly import was used last")
        on_page(here, "If that was after the move, a program there still needs it.")
        here.inspect("4-wait")

        used_long_ago(server, client_id)
        on_page(here, "1 secret stops working. It was not used for 14 days.")
        here.open("Revoke all secrets")
        here.inspect("5-revoke")
        here.press("Yes, revoke all secrets")
        on_page(here, "The application has no secret that could leak.")
        here.inspect("6-done")
        assert server.ask_token(client_id, secret, "sandbox").status == 401
        after = len(program.statuses)
        until = time.monotonic() + PATIENCE
        while len(program.statuses) < after + 3:
            assert time.monotonic() < until
            here.page.wait_for_timeout(100)

    assert set(program.statuses) == {200}
    assert here.faults == []
