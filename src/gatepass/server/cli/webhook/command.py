"""`gatepass webhook`: endpoints that get events, what was sent to them, and what failed."""

from typing import Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.effects import (
    Assent,
    assent_options,
    check_effect,
    dry_run_option,
)
from gatepass.server.cli.operations.model import moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing
from gatepass.server.cli.webhook.deliveries import deliveries, send_again, test
from gatepass.server.domain.changes.webhooks.events import EVENTS, ONE_CAN_WANT, PREFIX

_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
_URL = "https://example.com/gatepass"
_DESCRIPTION = "What it is for, in one line."
_EVENTS = "An event that it gets, several times for several. [default: all, also later ones]"
_DAY = 24


@click.group(cls=CommandGroup, epilog=example(f"gatepass webhook add {_URL}"))
def webhook() -> None:
    """Send events to programs of yours or of an organization.

    Each is a POST with a CloudEvent, signed as Standard Webhooks says. The page "Send webhooks" of
    the documentation says how a receiver verifies it.
    """


webhook.add_command(deliveries)
webhook.add_command(send_again)
webhook.add_command(test)


@webhook.command(
    epilog=example(
        f"gatepass webhook add {_URL} --description Billing",
        f"gatepass webhook add {_URL} --event secret.expiring --organization ORG_ID",
    )
)
@click.argument("url")
@click.option(
    "--organization",
    "org_id",
    shell_complete=ids.organizations,
    help="Whose it is. [default: the operator's, for all]",
)
@click.option("--event", "events", multiple=True, help=_EVENTS)
@click.option("--description", default="", help=_DESCRIPTION)
@changing_options
@options.as_json
def add(
    url: str,
    org_id: str | None,
    events: tuple[str, ...],
    description: str,
    target: options.Target,
    *,
    is_json: bool,
) -> None:
    """Add an endpoint; its signing secret is shown this once.

    The operator's gets the events of all organizations, an organization's gets its own. It must be
    at a public address, or in a network of the setting webhooks.allowed_networks (of an
    organization: webhooks.organization_networks).
    """
    owner = str(options.uuid_of(org_id)) if org_id else None
    new = {"url": url, "org_id": owner, "events": list(events), "description": description}
    with opened(target) as operations:
        added = operations.perform("webhook.add", new).result
    endpoint = added["endpoint"]
    shown = {
        "id": endpoint["id"],
        "organization": endpoint["org_id"],
        "url": endpoint["url"],
        "events": endpoint["events"] or "all",
        "secret": added["secret"],
    }
    printing.show(shown, is_json=is_json)


@webhook.command("list", epilog=example("gatepass webhook list", "gatepass webhook list --json"))
@click.option(
    "--organization",
    "org_id",
    shell_complete=ids.organizations,
    help="Only those of this organization.",
)
@reading_options
def list_(org_id: str | None, target: options.Target, *, is_json: bool) -> None:
    """List the endpoints; never their secrets."""
    wanted = {"org_id": str(options.uuid_of(org_id))} if org_id else {}
    with opened(target) as operations:
        found = operations.perform("webhook.list", wanted).result["items"]
    nothing = f"No webhook endpoint in {operations.environment_name}."
    rows = [_row(each["endpoint"], each | {"state": _state(each)}) for each in found]
    printing.show_list(rows, nothing, is_json=is_json)


@webhook.command(epilog=example(f"gatepass webhook show {_ID}"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@reading_options
def show(endpoint: str, target: options.Target, *, is_json: bool) -> None:
    """Show an endpoint: what it gets, and how it does; never its secret."""
    one = {"endpoint_id": endpoint}
    with opened(target) as operations:
        found = operations.perform("webhook.show", one).result
        status = operations.perform("webhook.status", one).result
    more = {
        "created_at": moment(found["created_at"]),
        "created_by": found["created_by"],
        "failing_since": moment(status["failing_since"]),
        "disabled_at": moment(status["disabled_at"]),
        "disabled_because": found["disabled_because"],
        "old_secret_until": moment(found["old_secret_until"]),
    }
    printing.show(_row(found, status) | more, is_json=is_json)


@webhook.command(epilog=example("gatepass webhook events"))
@options.listing_options
def events(*, is_json: bool) -> None:
    """List every event, and when it is sent."""
    rows = [
        {"event": name, "type": PREFIX + name, "sent": str(EVENTS[name].text)}
        for name in ONE_CAN_WANT
    ]
    printing.show_list(rows, "", is_json=is_json)


@webhook.command(epilog=example(f"gatepass webhook change {_ID} --event secret.leaked"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@click.option("--url", help="Where events are sent, also those that wait.")
@click.option("--event", "events", multiple=True, help=_EVENTS)
@click.option(
    "--all-events", is_flag=True, help="It gets all events, also those of later versions."
)
@click.option("--description", help=_DESCRIPTION)
@changing_options
def change(
    endpoint: str,
    url: str | None,
    events: tuple[str, ...],
    description: str | None,
    target: options.Target,
    *,
    all_events: bool,
) -> None:
    """Change an endpoint; the events that are given replace those that it had."""
    if events and all_events:
        raise click.UsageError("Give --event or --all-events, not both.")
    wanted = [] if all_events else list(events) or None
    given = options.given(url=url, description=description, events=wanted)
    with opened(target) as operations:
        operations.perform("webhook.change", {"endpoint_id": endpoint, **given})
    click.echo("Changed.")


@webhook.command("rotate-secret", epilog=example(f"gatepass webhook rotate-secret {_ID}"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@click.option(
    "--overlap",
    type=click.IntRange(0, 30 * _DAY),
    default=_DAY,
    show_default=True,
    help="Hours for which the old secret signs along; 0: it ends now.",
)
@changing_options
@options.as_json
def rotate_secret(endpoint: str, overlap: int, target: options.Target, *, is_json: bool) -> None:
    """Make a new signing secret, which is shown this once."""
    new = {"endpoint_id": endpoint, "overlap_hours": overlap}
    with opened(target) as operations:
        secret = operations.perform("webhook.rotate_secret", new).result["secret"]
    printing.show({"endpoint": endpoint, "secret": secret}, is_json=is_json)


@webhook.command(epilog=example(f"gatepass webhook disable {_ID}"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@dry_run_option
@changing_options
def disable(endpoint: str, target: options.Target, *, assent: Assent) -> None:
    """Send nothing more to an endpoint; what happens meanwhile is not sent later."""
    one = {"endpoint_id": endpoint}
    with opened(target) as operations:
        check_effect(operations, "webhook.disable", one, assent)
        operations.perform("webhook.disable", one)
    click.echo("Disabled. What waits is sent when it is enabled within three days.")


@webhook.command(epilog=example(f"gatepass webhook enable {_ID}"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@changing_options
def enable(endpoint: str, target: options.Target) -> None:
    """Send events to an endpoint again; what failed is sent by send-again."""
    with opened(target) as operations:
        operations.perform("webhook.enable", {"endpoint_id": endpoint})
    click.echo("Enabled.")


@webhook.command(epilog=example(f"gatepass webhook remove {_ID} --yes"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@assent_options
@changing_options
def remove(endpoint: str, target: options.Target, *, assent: Assent) -> None:
    """Remove an endpoint with its deliveries; what waits is not sent."""
    one = {"endpoint_id": endpoint}
    with opened(target) as operations:

        def question(_: object) -> str:
            url = operations.perform("webhook.show", one).result["url"]
            return f"Remove the endpoint {url} of {operations.environment_name}?"

        check_effect(operations, "webhook.remove", one, assent, question)
        operations.perform("webhook.remove", one)
    click.echo("Removed.")


def _state(found: dict[str, Any]) -> str:
    if found["endpoint"]["state"] == "disabled":
        return "disabled"
    return "failing" if found["failing_since"] else "enabled"


def _row(found: dict[str, Any], status: dict[str, Any]) -> dict[str, object]:
    return {
        "id": found["id"],
        "organization": found["org_id"],
        "url": found["url"],
        "state": status["state"],
        "events": found["events"] or "all",
        "description": found["description"] or None,
        "failures": status["failures"],
        "succeeded_at": moment(status["succeeded_at"]),
    }
