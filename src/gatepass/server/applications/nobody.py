"""The application that stands in for an unknown client, so that its refusal takes as long."""

import secrets
from datetime import UTC, datetime
from uuid import uuid4

from gatepass.server.applications.model import DEFAULT_LIFETIME, Application, ApplicationSecret
from gatepass.wire.scope import Scope

_SINCE = datetime(2026, 1, 1, tzinfo=UTC)

NOBODY = Application(
    id=uuid4(),
    org_id=uuid4(),
    client_id="unknown",
    name="unknown",
    scope=Scope(("read",)),
    token_lifetime=DEFAULT_LIFETIME,
    created_at=_SINCE,
    created_by="",
    secrets=(ApplicationSecret(uuid4(), secrets.token_bytes(32), "", _SINCE),),
)
"""No database has it, and no secret matches it. What is counted for it is not kept."""
