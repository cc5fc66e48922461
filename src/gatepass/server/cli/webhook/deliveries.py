"""`gatepass webhook deliveries`, `send-again` and `test`: what was sent to an endpoint."""

import time
from typing import Any

import click

from gatepass.command_group import example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.model import LARGEST_PAGE, Operations, moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing

_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
_STATES = ("waiting", "delivered", "failed")
_LOOK_EVERY = 0.2  # seconds


@click.command(epilog=example(f"gatepass webhook deliveries {_ID} --state failed"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@click.option("--state", type=click.Choice(_STATES), help="Only those in this state.")
@reading_options
def deliveries(endpoint: str, target: options.Target, *, state: str | None, is_json: bool) -> None:
    """List what was sent to an endpoint in the last 30 days, the newest first."""
    wanted = {"endpoint_id": endpoint, "state": state, "limit": LARGEST_PAGE}
    with opened(target) as operations:
        found = operations.perform("webhook.deliveries", wanted).result["items"]
    printing.show_list([_delivery(each) for each in found], "No deliveries.", is_json=is_json)


@click.command(
    "send-again",
    epilog=example(
        f"gatepass webhook send-again {_ID} 17 18", f"gatepass webhook send-again {_ID} --all"
    ),
)
@click.argument("endpoint", shell_complete=ids.webhooks)
@click.argument("ids", metavar="[DELIVERY]...", nargs=-1, type=click.IntRange(min=1))
@click.option("--all", "is_all", is_flag=True, help="All that failed.")
@changing_options
def send_again(
    endpoint: str, target: options.Target, *, ids: tuple[int, ...], is_all: bool
) -> None:
    """Send deliveries again, for three days; a receiver knows them by their webhook-id."""
    if bool(ids) == is_all:
        raise click.UsageError("Name deliveries by their ids, or give --all for all that failed.")
    wanted = {"endpoint_id": endpoint, "ids": None if is_all else list(ids)}
    with opened(target) as operations:
        number = operations.perform("webhook.send_again", wanted).result["sent"]
    click.echo(f"{number} to send. The server sends it now, if it runs.")


@click.command(epilog=example(f"gatepass webhook test {_ID}"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@click.option(
    "--wait",
    type=click.IntRange(0, 300),
    default=20,
    show_default=True,
    help="Seconds to wait for the running server to send it.",
)
@changing_options
def test(endpoint: str, wait: int, target: options.Target) -> None:
    """Have the running server send an event webhook.test, and say what came of it."""
    with opened(target) as operations:
        sent = operations.perform("webhook.test", {"endpoint_id": endpoint}).result
        delivery = sent["delivery"]
        found = _tried(operations, {"endpoint_id": endpoint, "delivery_id": delivery}, wait)
    if not found["attempts"]:
        raise click.ClickException(f"Delivery {delivery} was not sent yet. Does the server run?")
    if found["state"] != "delivered":
        raise click.ClickException(f"Delivery {delivery} was not taken: {_outcome(found)}")
    click.echo(f"Delivery {delivery} was taken: {_outcome(found)}")


def _tried(operations: Operations, one: dict[str, object], wait: int) -> dict[str, Any]:
    """Return a delivery once the server has tried it, or after `wait` seconds."""
    ends_at = time.monotonic() + wait
    while True:
        found = operations.perform("webhook.delivery", one).result
        if found["attempts"] or time.monotonic() >= ends_at:
            return found
        time.sleep(_LOOK_EVERY)


def _outcome(found: dict[str, Any]) -> str:
    said = f"HTTP {found['status']}" if found["status"] else found["error"]
    more = f" ({found['error']})" if found["status"] and found["error"] else ""
    return f"{said}{more}, after {found['milliseconds']} ms"


def _delivery(found: dict[str, Any]) -> dict[str, object]:
    return {
        "id": found["id"],
        "event": found["event"],
        "subject": found["subject"],
        "state": found["state"],
        "created_at": moment(found["created_at"]),
        "attempts": found["attempts"],
        "status": found["status"],
        "milliseconds": found["milliseconds"],
        "tried_at": moment(found["tried_at"]),
        "next_try_at": moment(found["next_try_at"]),
        "error": found["error"],
        "webhook_id": found["webhook_id"],
    }
