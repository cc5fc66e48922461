"""`gatepass webhook`: endpoints that get events, what was sent to them, and what failed."""

from datetime import timedelta

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli import options
from gatepass.server.cli.completion import ids
from gatepass.server.cli.webhook.deliveries import deliveries, send_again, test
from gatepass.server.domain.changes.webhooks.events import EVENTS, ONE_CAN_WANT, PREFIX
from gatepass.server.domain.changes.webhooks.model import Endpoint
from gatepass.server.domain.organizations.webhooks import operations
from gatepass.server.domain.organizations.webhooks.operations import Added

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
@options.environment_option_to_change
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
    owner = options.uuid_of(org_id) if org_id else None
    with options.environment_of(target) as environment:
        added = operations.add(
            environment.context, options.operator(), owner, url, events, description
        )
    options.show(_with_secret(added), is_json=is_json)


@webhook.command("list", epilog=example("gatepass webhook list", "gatepass webhook list --json"))
@click.option(
    "--organization",
    "org_id",
    shell_complete=ids.organizations,
    help="Only those of this organization.",
)
@options.reading_options
def list_(org_id: str | None, target: options.Target, *, is_json: bool) -> None:
    """List the endpoints; never their secrets."""
    with options.environment_of(target) as environment:
        context = environment.context
        found = (
            operations.of_owner(context, options.uuid_of(org_id))
            if org_id
            else operations.every(context)
        )
    nothing = f"No webhook endpoint in {environment.name}."
    options.show_list([_row(each) for each in found], nothing, is_json=is_json)


@webhook.command(epilog=example(f"gatepass webhook show {_ID}"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@options.reading_options
def show(endpoint: str, target: options.Target, *, is_json: bool) -> None:
    """Show an endpoint: what it gets, and how it does; never its secret."""
    with options.environment_of(target) as environment:
        found = operations.find(environment.context, options.uuid_of(endpoint), None)
    options.show(_details(found), is_json=is_json)


@webhook.command(epilog=example("gatepass webhook events"))
@options.listing_options
def events(*, is_json: bool) -> None:
    """List every event, and when it is sent."""
    rows = [
        {"event": name, "type": PREFIX + name, "sent": str(EVENTS[name].text)}
        for name in ONE_CAN_WANT
    ]
    options.show_list(rows, "", is_json=is_json)


@webhook.command(epilog=example(f"gatepass webhook change {_ID} --event secret.leaked"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@click.option("--url", help="Where events are sent, also those that wait.")
@click.option("--event", "events", multiple=True, help=_EVENTS)
@click.option(
    "--all-events", is_flag=True, help="It gets all events, also those of later versions."
)
@click.option("--description", help=_DESCRIPTION)
@options.environment_option_to_change
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
    wanted = () if all_events else events or None
    given = options.given(url=url, description=description, events=wanted)
    with options.environment_of(target) as environment:
        operations.change(
            environment.context,
            options.operator(),
            options.uuid_of(endpoint),
            None,
            **given,  # type: ignore[arg-type]
        )
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
@options.environment_option_to_change
@options.as_json
def rotate_secret(endpoint: str, overlap: int, target: options.Target, *, is_json: bool) -> None:
    """Make a new signing secret, which is shown this once."""
    with options.environment_of(target) as environment:
        secret = operations.rotate_secret(
            environment.context,
            options.operator(),
            options.uuid_of(endpoint),
            None,
            timedelta(hours=overlap),
        )
    options.show({"endpoint": endpoint, "secret": secret.value}, is_json=is_json)


@webhook.command(epilog=example(f"gatepass webhook disable {_ID}"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@options.environment_option_to_change
def disable(endpoint: str, target: options.Target) -> None:
    """Send nothing more to an endpoint; what happens meanwhile is not sent later."""
    _set_enabled(target, endpoint, enabled=False)
    click.echo("Disabled. What waits is sent when it is enabled within three days.")


@webhook.command(epilog=example(f"gatepass webhook enable {_ID}"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@options.environment_option_to_change
def enable(endpoint: str, target: options.Target) -> None:
    """Send events to an endpoint again; what failed is sent by send-again."""
    _set_enabled(target, endpoint, enabled=True)
    click.echo("Enabled.")


@webhook.command(epilog=example(f"gatepass webhook remove {_ID} --yes"))
@click.argument("endpoint", shell_complete=ids.webhooks)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.environment_option_to_change
def remove(endpoint: str, target: options.Target, *, yes: bool) -> None:
    """Remove an endpoint with its deliveries; what waits is not sent."""
    endpoint_id = options.uuid_of(endpoint)
    with options.environment_of(target) as environment:
        found = operations.find(environment.context, endpoint_id, None)
        options.confirm(f"Remove the endpoint {found.url} of {environment.name}?", yes=yes)
        operations.remove(environment.context, options.operator(), endpoint_id, None)
    click.echo("Removed.")


def _set_enabled(target: options.Target, endpoint: str, *, enabled: bool) -> None:
    endpoint_id = options.uuid_of(endpoint)
    with options.environment_of(target) as environment:
        operations.set_enabled(
            environment.context, options.operator(), endpoint_id, None, enabled=enabled
        )


def _row(found: Endpoint) -> dict[str, object]:
    return {
        "id": found.id,
        "organization": found.org_id,
        "url": found.url,
        "state": found.state,
        "events": list(found.events) or "all",
        "description": found.description or None,
        "failures": found.failures,
        "succeeded_at": found.succeeded_at,
    }


def _details(found: Endpoint) -> dict[str, object]:
    return {
        **_row(found),
        "created_at": found.created_at,
        "created_by": found.created_by,
        "failing_since": found.failing_since,
        "disabled_at": found.disabled_at,
        "disabled_because": found.disabled_because or None,
        "old_secret_until": found.previous_until,
    }


def _with_secret(added: Added) -> dict[str, object]:
    found = added.endpoint
    names = ("id", "organization", "url", "events")
    return {**{name: _row(found)[name] for name in names}, "secret": added.secret.value}
