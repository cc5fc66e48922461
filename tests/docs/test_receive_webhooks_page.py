"""The page for those who receive webhooks: its receiver takes what a server sends."""

import re
import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from docs.page import ROOT
from docs.test_policy_pages import text_of
from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.server.configuration.webhook_settings import WebhookSettings
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes.webhooks.model import MOST_ENDPOINTS, OVERLAP, TRIED_FOR
from gatepass.server.domain.organizations.webhooks import deliveries, operations
from server.environment.webhooks.receiver import Hooks, hooked

PAGE = ROOT / "docs" / "tasks" / "receive-webhooks.md"
TEMPLATES = ROOT / "src" / "gatepass" / "server" / "portal" / "templates"


class Program:
    """The page's program, started with the secret of an endpoint."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.requests = 0
        self.client: TestClient | None = None

    def start(self, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
        [found] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
        monkeypatch.setenv("GATEPASS_WEBHOOK_SECRET", secret)
        monkeypatch.setenv("EVENTS", str(self.file))
        names: dict[str, object] = {"__name__": "receiver"}
        exec(found, names)
        self.client = TestClient(names["app"])  # type: ignore[arg-type]

    def respond(self, request: Request) -> Response:
        assert self.client
        self.requests += 1
        answer = self.client.post(request.path, content=request.body, headers=dict(request.headers))
        return Response(answer.status_code)

    def stored(self) -> list[str]:
        with sqlite3.connect(self.file) as database:
            return [str(body) for (body,) in database.execute("SELECT body FROM event")]


@pytest.fixture
def hooks(tmp_path: Path) -> Iterator[Hooks]:
    with hooked(tmp_path) as opened:
        opened.server.clock.now = time.time()  # which the library compares with
        yield opened


def test_the_pages_receiver_stores_an_event_once(
    hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(tmp_path / "events.sqlite3")
    with LoopbackServer(program.respond) as server:
        org_id = hooks.server.organization()
        added = hooks.add(f"{server.url}/gatepass", org_id)
        program.start(added.secret.value, monkeypatch)
        number = deliveries.send_test(hooks.context, OPERATOR, added.endpoint.id, org_id)
        hooks.deliver()
        deliveries.send_again(hooks.context, OPERATOR, added.endpoint.id, org_id, [number])
        hooks.deliver()
        [sent] = hooks.sent(added)

    [stored] = program.stored()
    assert (program.requests, sent.state, sent.status) == (2, "delivered", 204)
    assert "dev.gatepass.webhook.test" in stored


def test_the_pages_receiver_accepts_either_secret_of_a_rotation_and_refuses_others(
    hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(tmp_path / "events.sqlite3")
    with LoopbackServer(program.respond) as server:
        org_id = hooks.server.organization()
        added = hooks.add(f"{server.url}/gatepass", org_id)
        program.start(added.secret.value, monkeypatch)
        its = added.endpoint.id
        for overlap in (OVERLAP, timedelta()):
            operations.rotate_secret(hooks.context, OPERATOR, its, org_id, overlap)
            deliveries.send_test(hooks.context, OPERATOR, its, org_id)
            hooks.deliver()

        assert [each.status for each in hooks.sent(added)] == [401, 204]
    assert len(program.stored()) == 1


def test_the_page_says_what_is_on_the_pages_of_the_portal() -> None:
    shown = "".join(each.read_text() for each in (TEMPLATES / "webhooks").iterdir())
    shown += (TEMPLATES / "team.html").read_text() + (TEMPLATES / "base.html").read_text()
    words = set(re.findall(r"\*([A-Z][^*]+)\*", text_of(PAGE))) - {
        "Delivered",
        "Failed",
        "Ends now",
    }

    assert [each for each in words if f"_('{each}')" not in shown and each not in shown] == []


def test_the_page_names_the_limits_that_are_in_force() -> None:
    text = text_of(PAGE)

    assert f"Your organization has {MOST_ENDPOINTS} endpoints at most" in text
    assert f"within {WebhookSettings().timeout:.0f} seconds" in text
    assert f"For {OVERLAP // timedelta(hours=1)} hours each request has two signatures" in text
    assert timedelta(days=3) == TRIED_FOR
    assert "After three days it is given up" in text
