"""The page about webhooks: its program verifies what a running server sends, its numbers are so."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue

import pytest

from client.tls_server import issue, serving_context
from docs.page import ROOT
from docs.test_policy_pages import text_of
from docs.test_reference import generate
from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.server.configuration.webhook_settings import WebhookSettings
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes.webhooks.model import (
    LEASE,
    MOST_AT_ONCE,
    MOST_ENDPOINTS,
    MOST_OF_OWNER,
    next_try,
)
from gatepass.server.domain.organizations.webhooks import deliveries, operations
from gatepass.wire.secret import Secret
from server.fixtures import open_server

PAGE = ROOT / "docs" / "operate" / "webhooks.md"
HOST = "127.0.0.1"

Take = Callable[[str, bytes, dict[str, str]], int]


def take() -> Take:
    """Return the function of the page's Python block."""
    [found] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Take] = {}
    exec(found, names)
    return names["take"]


def test_the_pages_program_takes_what_a_running_server_sends_over_tls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a certificate of a throwaway authority, which the setting names."""
    authority = issue("throwaway authority")
    file = tmp_path / "authority.pem"
    file.write_bytes(authority.pem)
    secrets: list[Secret] = []
    statuses: Queue[int] = Queue()
    program = take()

    def respond(request: Request) -> Response:
        status = program(secrets[0].value, request.body, dict(request.headers))
        statuses.put(status)
        return Response(status)

    tls = serving_context(tmp_path, issue("receiver", authority, HOST))
    given = {"allowed_networks": ("127.0.0.0/8",), "ca_file": file}
    with (
        LoopbackServer(respond, tls) as receiver,
        open_server(tmp_path / "data", webhooks=given) as server,
    ):
        context = server.environment().context
        added = operations.add(context, OPERATOR, None, f"{receiver.url}/gatepass")
        secrets.append(added.secret)
        deliveries.send_test(context, OPERATOR, added.endpoint.id, None)

        assert statuses.get(timeout=60) == 204

    assert "dev.gatepass.webhook.test environment/production 1" in capsys.readouterr().out


def test_the_pages_program_refuses_what_another_secret_has_signed() -> None:
    headers = {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}

    assert take()("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", b"{}", headers) == 401


def test_the_page_names_the_limits_that_are_in_force() -> None:
    text = text_of(PAGE)
    begin = datetime(2027, 1, 15, tzinfo=UTC)
    pauses = [next_try(number, begin, 0) - begin for number in range(1, 10)]
    hours = [round(each / timedelta(hours=1)) for each in pauses[3:]]

    assert pauses[:3] == [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)]
    assert "after 5 seconds, 5 minutes, 30 minutes, " in text
    assert f"{', '.join(map(str, hours[:-1]))} and {hours[-1]} hours" in text
    assert f"You have {MOST_ENDPOINTS} endpoints at most" in text
    assert f"within {WebhookSettings().timeout:.0f} seconds" in text
    assert timedelta(minutes=4) == LEASE
    assert "within four minutes" in text
    assert (MOST_OF_OWNER, MOST_AT_ONCE) == (4, 16)
    assert "four endpoints served at the same time, a process sixteen" in text


def test_the_reference_of_events_is_what_the_generator_writes() -> None:
    assert generate.WEBHOOK_EVENTS_PAGE.read_text() == generate.webhook_events_page()
