"""`gatepass webhook deliveries`, `send-again` and `test`: what was sent to an endpoint."""

import time
from typing import get_args

import click

from gatepass.command_group import example
from gatepass.server.cli import options
from gatepass.server.cli.completion import ids
from gatepass.server.domain.changes.webhooks.model import Delivery, State
from gatepass.server.domain.organizations.webhooks import deliveries as sent
from gatepass.server.environment.environment import Environment

_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
_LOOK_EVERY = 0.2  # seconds


@click.command(epilog=example(f"gatepass webhook deliveries {_ID} --state failed"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@click.option("--state", type=click.Choice(get_args(State)), help="Only those in this state.")
@options.reading_options
def deliveries(
    endpoint: str, target: options.Target, *, state: State | None, is_json: bool
) -> None:
    """List what was sent to an endpoint in the last 30 days, the newest first."""
    with options.environment_of(target) as environment:
        found = sent.listed(environment.context, options.uuid_of(endpoint), None, state)
    options.show_list([_delivery(each) for each in found], "No deliveries.", is_json=is_json)


@click.command(
    "send-again",
    epilog=example(
        f"gatepass webhook send-again {_ID} 17 18", f"gatepass webhook send-again {_ID} --all"
    ),
)
@click.argument("endpoint", shell_complete=ids.webhooks)
@click.argument("ids", metavar="[DELIVERY]...", nargs=-1, type=click.IntRange(min=1))
@click.option("--all", "is_all", is_flag=True, help="All that failed.")
@options.environment_option_to_change
def send_again(
    endpoint: str, target: options.Target, *, ids: tuple[int, ...], is_all: bool
) -> None:
    """Send deliveries again, for three days; a receiver knows them by their webhook-id."""
    if bool(ids) == is_all:
        raise click.UsageError("Name deliveries by their ids, or give --all for all that failed.")
    with options.environment_of(target) as environment:
        number = sent.send_again(
            environment.context,
            options.operator(),
            options.uuid_of(endpoint),
            None,
            None if is_all else ids,
        )
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
@options.environment_option_to_change
def test(endpoint: str, wait: int, target: options.Target) -> None:
    """Have the running server send an event webhook.test, and say what came of it."""
    endpoint_id = options.uuid_of(endpoint)
    with options.environment_of(target) as environment:
        delivery = sent.send_test(environment.context, options.operator(), endpoint_id, None)
        found = _tried(environment, delivery, wait)
    if found is None or not found.attempts:
        raise click.ClickException(f"Delivery {delivery} was not sent yet. Does the server run?")
    if not found.delivered_at:
        raise click.ClickException(f"Delivery {delivery} was not taken: {_outcome(found)}")
    click.echo(f"Delivery {delivery} was taken: {_outcome(found)}")


def _tried(environment: Environment, delivery: int, wait: int) -> Delivery | None:
    """Return a delivery once the server has tried it, or after `wait` seconds."""
    ends_at = time.monotonic() + wait
    while True:
        found = sent.find(environment.context, delivery)
        if found is None or found.attempts or time.monotonic() >= ends_at:
            return found
        time.sleep(_LOOK_EVERY)


def _outcome(found: Delivery) -> str:
    said = f"HTTP {found.status}" if found.status else found.error
    more = f" ({found.error})" if found.status and found.error else ""
    return f"{said}{more}, after {found.milliseconds} ms"


def _delivery(found: Delivery) -> dict[str, object]:
    return {
        "id": found.id,
        "event": found.event.name,
        "subject": found.event.subject,
        "state": found.state,
        "created_at": found.event.at,
        "attempts": found.attempts,
        "status": found.status,
        "milliseconds": found.milliseconds,
        "tried_at": found.tried_at,
        "next_try_at": found.due_at,
        "error": found.error or None,
        "webhook_id": found.event.id,
    }
