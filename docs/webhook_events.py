"""The reference of the events that webhooks send, with examples, from the code's table."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from gatepass.server.domain.changes.webhooks.events import (
    EVENTS,
    OF_INSTALLATION,
    TEST,
    EventKind,
)
from gatepass.server.domain.changes.webhooks.model import Delivery, Event, body_of

_SOURCE = "https://app.example.com"
_AT = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
_ENDPOINT = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
_EVENT = UUID("5b2f0b1e-6c1d-4c0a-9a63-0f6a2d0f7c11")
_ORGANIZATION = UUID("1b4e28ba-2fa1-4d2e-883f-0016d3cca427")
_CLIENT_ID = "gpc_live_4fzq8XnT0bD2w6LkR9sVYa"
_HEAD = """\
# Events of webhooks

<!-- Written by docs/generate.py from src/gatepass/server/domain/changes/webhooks/events.py. -->

What is sent to the endpoints of [webhooks](../operate/webhooks.md): CloudEvents 1.0 in JSON, one in
each request. Each has these members:

| member | what it is |
|---|---|
| `specversion` | `1.0` |
| `id` | the event, the same at each try and at each endpoint; also the header `webhook-id` |
| `source` | the issuer of the environment: production and sandbox differ |
| `type` | what has happened: `dev.gatepass.` and the name below |
| `subject` | what it is about: `application/CLIENT_ID`, `organization/ID` or `environment/NAME` |
| `time` | when it happened (RFC 3339) |
| `sequence` | 16 digits: counts what this endpoint gets about this subject, without gaps |
| `datacontenttype` | `application/json` |
| `data` | what is below, with `organization_id` and `client_id` where there are such |

Further members and further events may come with later versions. No event contains a secret, a token
or the name of a person.
"""


def webhook_events_page() -> str:
    """Return the page of all events, in the order of the table."""
    return _HEAD + "".join(map(_section, EVENTS.values()))


def _section(kind: EventKind) -> str:
    said = f"{kind.text} {kind.more}".rstrip()
    who = ""
    if kind.name in OF_INSTALLATION and kind.name != TEST:
        who = " Endpoints of organizations do not get it."
    example = json.dumps(json.loads(_example(kind)), indent=2)
    return f"\n## {kind.name}\n\n{said}{who}\n\n```json\n{example}\n```\n"


def _example(kind: EventKind) -> bytes:
    is_about_application = kind.subject == "application"
    org_id = None if kind.subject == "environment" else _ORGANIZATION
    client_id = _CLIENT_ID if is_about_application else ""
    subject = {
        "application": f"application/{_CLIENT_ID}",
        "environment": "environment/production",
    }.get(kind.subject, f"organization/{_ORGANIZATION}")
    event = Event(_EVENT, _AT, kind.name, org_id, client_id, subject, kind.data)
    delivery = Delivery(17, _ENDPOINT, event, 7, _AT + timedelta(days=3), 0, _AT)
    return body_of(delivery, _SOURCE)
