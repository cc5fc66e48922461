"""The form of an endpoint: where events are sent, and which."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from gatepass.server.domain.changes.webhooks.events import EVENTS
from gatepass.server.domain.changes.webhooks.model import Endpoint
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.webhooks.model import (
    InvalidEndpoint,
    check_description,
    check_url,
    offered_events,
)
from gatepass.server.portal.forms.errors import Errors
from gatepass.translation.message import Message

_EVENT = "event_"
_SOME = "some"


class Given(NamedTuple):
    """What was typed: the values, and what is wrong with each."""

    url: str
    events: tuple[str, ...]
    description: str
    errors: Errors


def read(form: Mapping[str, str], context: Context, org_id: UUID | None) -> Given:
    """Return what was typed, checked in each field, so that the page shows all errors at once.

    It is for an endpoint of `org_id`, or of the operator without one.
    """
    errors = Errors()
    url, description = form.get("url", ""), form.get("description", "")
    allowed = context.webhooks.allowed.of(org_id)
    errors.check("url", lambda: check_url(url, allowed))
    events = errors.check("events", lambda: _events(form, of_organization=org_id is not None))
    errors.check("description", lambda: check_description(description))
    return Given(url, events or (), description, errors)


def _events(form: Mapping[str, str], *, of_organization: bool) -> tuple[str, ...]:
    if form.get("events") != _SOME:
        return ()
    offered = offered_events(of_organization=of_organization)
    ticked = tuple(name for name in offered if form.get(_EVENT + name))
    if not ticked:
        raise InvalidEndpoint("events", Message("Select at least one event."))
    return ticked


def values_of(found: Endpoint) -> dict[str, str]:
    """Return the values of an endpoint as the form has them."""
    return {
        "url": found.url,
        "description": found.description,
        "events": _SOME if found.events else "all",
        **{_EVENT + name: "yes" for name in found.events},
    }


def shown(
    values: Mapping[str, str], errors: Mapping[str, str], *, of_organization: bool
) -> dict[str, Any]:
    """Return what the template needs to show the form."""
    return {
        "values": values,
        "errors": errors,
        "offered": [
            {"name": name, "text": EVENTS[name].text, "is_ticked": _EVENT + name in values}
            for name in offered_events(of_organization=of_organization)
        ],
    }
