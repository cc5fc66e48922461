"""An environment with webhook endpoints, and receivers on loopback that keep what they get."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.server.configuration.webhook_settings import WebhookSettings
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes.webhooks.model import Delivery
from gatepass.server.domain.organizations.webhooks import deliveries, operations
from gatepass.server.domain.organizations.webhooks.operations import Added
from gatepass.server.environment.environment import Environment
from gatepass.server.environment.webhooks.delivery import WebhookDelivery
from gatepass.server.environment.webhooks.request import Sender
from server.fixtures import InProcessServer, open_passive_server

LOOPBACK = ("127.0.0.0/8",)


class Receiver:
    """Answers with `status`, which a test may change, and keeps the requests."""

    def __init__(self, status: int = 204) -> None:
        self.status = status
        self.headers: dict[str, str] = {}
        self.received: list[Request] = []
        self.url = ""

    def respond(self, request: Request) -> Response:
        self.received.append(request)
        return Response(self.status, b"", self.headers)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(each.body) for each in self.received]

    @property
    def types(self) -> list[str]:
        return [each["type"].removeprefix("dev.gatepass.") for each in self.events]


@contextmanager
def receiving(status: int = 204) -> Iterator[Receiver]:
    receiver = Receiver(status)
    with LoopbackServer(receiver.respond) as server:
        receiver.url = f"{server.url}/hook?of=gatepass"
        yield receiver


class Hooks:
    """An environment without threads, and a delivery that a test starts by hand."""

    def __init__(self, server: InProcessServer, settings: WebhookSettings) -> None:
        self.server = server
        self.settings = settings
        self.environment: Environment = server.environment()
        self.context = self.environment.context
        self.delivery = self.another()

    def another(self, sender: Sender | None = None) -> WebhookDelivery:
        """Return the delivery that another process would have."""
        return WebhookDelivery(self.environment, self.settings, sender)

    def add(self, url: str, org_id: UUID | None = None, *events: str) -> Added:
        return operations.add(self.context, OPERATOR, org_id, url, events, "Billing")

    def emit(self, name: str = "organization.created", org_id: UUID | None = None) -> None:
        with self.environment.database.write() as connection:
            now = self.context.now()
            self.context.webhooks.emit(connection, name, now, org_id=org_id, name="Acme")

    def sent(self, added: Added) -> list[Delivery]:
        """Return an endpoint's deliveries, the newest first."""
        return deliveries.listed(self.context, added.endpoint.id, None)

    def later(self, time: timedelta) -> None:
        self.server.clock.now += time.total_seconds()

    def deliver(self, times: int = 1) -> None:
        for _ in range(times):
            self.delivery.deliver_and_wait()

    def actions(self) -> list[str]:
        with self.environment.database.read() as connection:
            rows = connection.exec_driver_sql("SELECT action FROM audit ORDER BY id")
            return [str(action) for (action,) in rows]


@contextmanager
def hooked(folder: Path, allowed: tuple[str, ...] = LOOPBACK, **more: Any) -> Iterator[Hooks]:  # noqa: ANN401
    more = {"organization_networks": allowed, **more}
    settings = WebhookSettings(allowed_networks=allowed, **more)
    with open_passive_server(folder / "data", webhooks=settings.model_dump()) as server:
        yield Hooks(server, settings)


Respond = Callable[[Request], Response]
