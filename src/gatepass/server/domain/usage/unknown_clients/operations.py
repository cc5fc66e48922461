"""A mistyped client id is counted as a refusal of the application that was likely meant."""

from uuid import UUID

from gatepass.server.domain.applications.cache import ApplicationCache
from gatepass.server.domain.usage.counter import UsageCounter
from gatepass.server.domain.usage.unknown_clients import store
from gatepass.server.domain.usage.unknown_clients.model import (
    NEAR,
    distance,
    is_comparable,
    one_edit_away,
)
from gatepass.server.storage.database import Database
from gatepass.wire.errors import OAuthError


def attribute(database: Database, applications: ApplicationCache, usage: UsageCounter) -> None:
    """Count the unknown clients that came since the last time, where one application is near."""
    for presented, (times, at) in usage.unknown_clients.take().items():
        meant = _meant(database, presented.client_id)
        application = applications.load(meant.bytes) if meant else None
        if application is not None:
            refused = OAuthError(
                "invalid_client",
                "Client authentication failed.",
                log_detail=f'mistyped client id "{presented.client_id}"',
                reason="unknown_client",
            )
            usage.refused(application, refused, presented.source, presented.agent, at, times)


def _meant(database: Database, typed: str) -> UUID | None:
    """Return the application whose id is nearest, None where none or more than one is.

    An id that exists was registered since it was refused; it was not mistyped.
    """
    if not is_comparable(typed):
        return None
    others = one_edit_away(typed)
    with database.read() as connection:
        found = store.candidates(connection, typed, others)
    edits = {client_id: distance(typed, client_id) for client_id in found}
    least = min(edits.values(), default=0)
    nearest = [client_id for client_id, number in edits.items() if number == least]
    return found[nearest[0]] if 0 < least <= NEAR and len(nearest) == 1 else None
