"""Placeholders for unknown clients, so that refusing one takes as long as refusing a known one."""

import secrets
from datetime import UTC, datetime
from uuid import uuid4

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.token_policy import DEFAULT_LIFETIME
from gatepass.wire.scope import Scope

_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
_ORG_ID = uuid4()
_COUNT = 64  # as one alone would be in the processor's caches more often than a real one


def _make() -> CachedApplication:
    return CachedApplication.of(
        Application(
            id=uuid4(),
            org_id=_ORG_ID,
            client_id="unknown",
            name="unknown",
            scope=Scope(("read",)),
            token_lifetime=DEFAULT_LIFETIME,
            created_at=_SINCE,
            created_by="",
            secrets=(ApplicationSecret(uuid4(), secrets.token_bytes(32), "", _SINCE),),
        )
    )


_PLACEHOLDERS = tuple(_make() for _ in range(_COUNT))


def placeholder(client_id: str) -> CachedApplication:
    """Return the stand-in for an unknown client id; no database has it, no secret matches it."""
    return _PLACEHOLDERS[hash(client_id) % _COUNT]


def is_placeholder(application: CachedApplication) -> bool:
    """Return whether it is a stand-in. What is counted for one is not kept."""
    return application.org_id is _ORG_ID
