"""kill -9 while an event is sent, before that is noted: it is sent again, with the same id."""

import time
from pathlib import Path
from threading import Event

from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.server.configuration.webhook_settings import WebhookSettings
from gatepass.server.domain.changes.webhooks.model import LEASE
from gatepass.testing import Clock
from server.environment.webhooks.receiver import LOOPBACK, Hooks
from server.fixtures import open_passive_server
from server_process import Server, serving

SETTINGS = WebhookSettings(allowed_networks=LOOPBACK)


class Receiver:
    """Kills the server that sends the first request, when it has the whole of it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.received: list[tuple[str, bytes]] = []
        self.has_killed = Event()

    def respond(self, request: Request) -> Response:
        self.received.append((request.headers["webhook-id"], request.body))
        if not self.has_killed.is_set():
            self.server.kill()
            self.has_killed.set()
        return Response(204)


def test_an_event_of_a_server_that_was_killed_is_sent_again_with_the_same_id(
    tmp_path: Path,
) -> None:
    variables = {"GATEPASS_WEBHOOKS__ALLOWED_NETWORKS": LOOPBACK[0]}
    with serving(tmp_path / "data", variables=variables) as server:
        receiver = Receiver(server)
        with LoopbackServer(receiver.respond) as opened:
            wanted = ("--event", "organization.created")
            added = server.run("webhook", "add", f"{opened.url}/hook", *wanted)
            assert added.status == 0, added.err
            server.create_organization("Acme Energy", "anna")
            assert receiver.has_killed.wait(60)

            clock = Clock(time.time())
            given = {"port": server.port, "sandbox_port": server.port + 1}
            with open_passive_server(
                server.data, clock, webhooks=SETTINGS.model_dump(), **given
            ) as next_server:
                hooks = Hooks(next_server, SETTINGS)
                while_leased = hooks.delivery.deliver_and_wait()
                clock.advance(LEASE.total_seconds())
                hooks.deliver()
                waiting = hooks.context.webhooks.claim(hooks.context.now(), 1)

    assert while_leased == 0
    assert len(receiver.received) == 2
    assert receiver.received[0] == receiver.received[1]
    assert waiting == []
