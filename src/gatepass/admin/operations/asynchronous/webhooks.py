"""The awaited methods of these operations.

Written by docs/generate.py from the operations of the server.
"""

from typing import Unpack

from gatepass.admin.groups import AsyncGroup
from gatepass.admin.operations.arguments import webhooks as arguments
from gatepass.admin.operations.records.webhooks import (
    SentAgain,
    TestDelivery,
    Webhook,
    WebhookDeliveries,
    WebhookDelivery,
    Webhooks,
    WebhookStatus,
    WebhookWithSecret,
)
from gatepass.admin.records import Nothing


class AsyncWebhookOperations(AsyncGroup):
    """The operations `admin.webhooks`, awaited."""

    async def list(self, **given: Unpack[arguments.WebhookList]) -> Webhooks:
        """List the endpoints of operator and organizations, and how they do.

        org_id: id or null; only those of this organization
        """
        return await self._record(Webhooks, "webhook.list", given)

    async def show(self, **given: Unpack[arguments.WebhookShow]) -> Webhook:
        """Return one endpoint; never its secret.

        endpoint_id: id (needed)
        """
        return await self._record(Webhook, "webhook.show", given)

    async def status(self, **given: Unpack[arguments.WebhookStatus]) -> WebhookStatus:
        """Return how an endpoint does: whether it fails, since when, and its last success.

        endpoint_id: id (needed)
        """
        return await self._record(WebhookStatus, "webhook.status", given)

    async def add(self, **given: Unpack[arguments.WebhookAdd]) -> WebhookWithSecret:
        """Add an endpoint; the answer has its signing secret, once.

        The operator's gets the events of all organizations, an organization's its own.

        url: string (needed)
        org_id: id or null
        events: list of string; those that it gets; empty: all, later ones too
        description: string
        """
        return await self._record(WebhookWithSecret, "webhook.add", given)

    async def change(self, **given: Unpack[arguments.WebhookChange]) -> Webhook:
        """Change an endpoint; what waits is sent to the new address.

        endpoint_id: id (needed)
        url: string or null
        events: list of string or null
        description: string or null
        """
        return await self._record(Webhook, "webhook.change", given)

    async def rotate_secret(
        self, **given: Unpack[arguments.WebhookRotateSecret]
    ) -> WebhookWithSecret:
        """Make a new signing secret, in the answer once; the old one signs along meanwhile.

        endpoint_id: id (needed)
        overlap_hours: integer
        """
        return await self._record(WebhookWithSecret, "webhook.rotate_secret", given)

    async def disable(self, **given: Unpack[arguments.WebhookDisable]) -> Webhook:
        """Send nothing more to an endpoint; what happens meanwhile is not sent later.

        endpoint_id: id (needed)
        """
        return await self._record(Webhook, "webhook.disable", given)

    async def enable(self, **given: Unpack[arguments.WebhookEnable]) -> Webhook:
        """Send events to an endpoint again.

        endpoint_id: id (needed)
        """
        return await self._record(Webhook, "webhook.enable", given)

    async def remove(self, **given: Unpack[arguments.WebhookRemove]) -> Nothing:
        """Remove an endpoint with its deliveries; what waits is not sent.

        endpoint_id: id (needed)
        """
        return await self._record(Nothing, "webhook.remove", given)

    async def deliveries(self, **given: Unpack[arguments.WebhookDeliveries]) -> WebhookDeliveries:
        """List what was sent to an endpoint in the last 30 days, the newest first.

        endpoint_id: id (needed)
        state: waiting, delivered, failed or null; only those in this state
        limit: integer
        """
        return await self._record(WebhookDeliveries, "webhook.deliveries", given)

    async def delivery(self, **given: Unpack[arguments.WebhookDelivery]) -> WebhookDelivery:
        """Return one delivery: when it was tried, and what the receiver answered.

        endpoint_id: id (needed)
        delivery_id: integer (needed)
        """
        return await self._record(WebhookDelivery, "webhook.delivery", given)

    async def send_again(self, **given: Unpack[arguments.WebhookSendAgain]) -> SentAgain:
        """Send deliveries again, for three days; a receiver knows them by their webhook-id.

        endpoint_id: id (needed)
        ids: list of integer or null
        """
        return await self._record(SentAgain, "webhook.send_again", given)

    async def test(self, **given: Unpack[arguments.WebhookTest]) -> TestDelivery:
        """Send an event webhook.test; what comes of it is in the list of deliveries.

        endpoint_id: id (needed)
        """
        return await self._record(TestDelivery, "webhook.test", given)
