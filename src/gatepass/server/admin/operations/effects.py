"""What dangerous operations stop, in words and in numbers."""

from datetime import timedelta
from uuid import UUID

from gatepass.server.admin.operations.model import Call, Effect
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.usage import store as usage
from gatepass.server.domain.usage.model import FINE, ISSUED
from gatepass.server.domain.users import operations as users
from gatepass.translation.message import Message

RECENTLY = timedelta(hours=1)


def of_suspension(call: Call, org_id: UUID) -> Effect:
    """Return what stops with the suspension of an organization."""
    enabled = [
        each
        for each in applications.of_organization(call.context, org_id)
        if each.state == "active"
    ]
    issued = issued_recently(call, org_id)
    people = len(users.with_portal_access(call.context, org_id))
    return Effect(
        True,
        (
            Message.plural(
                "{count} application stops: it was issued {issued} tokens in the last hour.",
                "{count} applications stop: they were issued {issued} tokens in the last hour.",
                len(enabled),
                issued=issued,
            ),
            Message.plural(
                "{count} person cannot log in.", "{count} people cannot log in.", people
            ),
            Message("Its access tokens are revoked, and stay revoked after it is resumed."),
        ),
        {"applications": len(enabled), "tokens_in_the_last_hour": issued, "people": people},
    )


def issued_recently(call: Call, org_id: UUID) -> int:
    """Return how many tokens an organization's applications were issued in the last hour."""
    with call.context.database.read() as connection:
        since = call.context.now() - RECENTLY
        counted = usage.series_of_organization(connection, org_id, since, FINE)
    return sum(each.times for each in counted if each.what == ISSUED)
