"""The thread that sends an environment's events. Several processes may run it."""

import threading
import time
from typing import TYPE_CHECKING

import structlog

from gatepass.server.configuration.webhook_settings import WebhookSettings
from gatepass.server.domain.changes.webhooks.model import (
    MOST_AT_ONCE,
    Delivery,
    Result,
    body_of,
    signature,
)
from gatepass.server.domain.changes.webhooks.operations import Claimed
from gatepass.server.environment.change_follower import STOP_WITHIN
from gatepass.server.environment.environment import Environment
from gatepass.server.environment.webhooks import results
from gatepass.server.storage.errors import DatabaseAwayError

if TYPE_CHECKING:
    from gatepass.server.environment.webhooks.request import Sender

_LOOK_EVERY = 1.0  # seconds
_MEDIA_TYPE = "application/cloudevents+json"
_NO_KEY = "its signing secret is encrypted with another master key: rotate it"

log = structlog.get_logger("gatepass.server")


class WebhookDelivery:
    """Sends what is due, as long as it runs: to several endpoints at a time, to each one by one."""

    def __init__(
        self, environment: Environment, settings: WebhookSettings, sender: "Sender | None" = None
    ) -> None:
        self._environment = environment
        self._context = context = environment.context
        self._webhooks = context.webhooks
        self._settings = settings
        self._sender = sender
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._slots = threading.Lock()
        self._busy: set[threading.Thread] = set()
        self._thread = threading.Thread(
            target=self._run, name=f"webhooks {context.name}", daemon=True
        )

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the threads to end after the request that each is at."""
        self._stop.set()
        self._wake.set()

    def wait(self) -> None:
        """Wait for that, not longer than `STOP_WITHIN`; what was not settled is sent again."""
        ends_at = time.monotonic() + STOP_WITHIN
        for each in (self._thread, *self._busy_now()):
            each.join(max(0.0, ends_at - time.monotonic()))

    def deliver(self) -> int:
        """Begin to send to endpoints with something due; return to how many.

        Raises DatabaseAwayError.
        """
        free = MOST_AT_ONCE - len(self._busy_now())
        claimed = self._webhooks.claim(self._context.now(), free) if free > 0 else []
        for each in claimed:
            name = f"webhook {each.endpoint.id}"
            thread = threading.Thread(target=self._send_all, args=(each,), name=name, daemon=True)
            with self._slots:
                self._busy.add(thread)
            thread.start()
        return len(claimed)

    def deliver_and_wait(self) -> int:
        """Send what is due, and wait for what comes of it; return to how many endpoints.

        For commands and tests, without the thread.
        """
        number = self.deliver()
        for each in self._busy_now():
            each.join()
        return number

    def _busy_now(self) -> list[threading.Thread]:
        with self._slots:
            return list(self._busy)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self.deliver()
            except DatabaseAwayError:
                pass
            except Exception:
                log.exception("webhook.delivery_failed", environment=self._context.name)
            self._wake.wait(_LOOK_EVERY)

    def _send_all(self, claimed: Claimed) -> None:
        """Send an endpoint's deliveries in their order, until one fails; then it rests."""
        try:
            for each in claimed.deliveries:
                if self._stop.is_set() or not self._send(claimed, each):
                    break
        except DatabaseAwayError:
            pass  # the lease ends, and what was sent and not settled is sent again
        except Exception:
            log.exception("webhook.delivery_failed", environment=self._context.name)
        finally:
            self._end(claimed)

    def _end(self, claimed: Claimed) -> None:
        try:
            self._webhooks.release(claimed.endpoint.id, self._context.now())
        except DatabaseAwayError:
            pass
        finally:
            with self._slots:
                self._busy.discard(threading.current_thread())
            self._wake.set()

    def _send(self, claimed: Claimed, delivery: Delivery) -> bool:
        """Try one delivery; return whether the next one may be tried."""
        result = self._post(claimed, delivery) if claimed.keys else Result(None, _NO_KEY, 0)
        self._environment.webhook_figures["taken" if result.is_success else "not_taken"] += 1
        goes_on = results.record(self._context, delivery, result)
        return goes_on and result.is_success

    def _post(self, claimed: Claimed, delivery: Delivery) -> Result:
        body = body_of(delivery, self._webhooks.source)
        event_id, timestamp = str(delivery.event.id), int(self._context.clock())
        signatures = (signature(key, event_id, timestamp, body) for key in claimed.keys)
        headers = {
            "content-type": _MEDIA_TYPE,
            "webhook-id": event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }
        target = claimed.endpoint
        return self._sending().post(target.url, headers, body, target.org_id)

    def _sending(self) -> "Sender":
        """Return the sender; what it needs is loaded when there is something to send."""
        if self._sender is None:
            from gatepass.server.environment.webhooks.request import Sender

            self._sender = Sender(self._settings)
        return self._sender
