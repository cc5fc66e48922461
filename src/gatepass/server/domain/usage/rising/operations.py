"""Finds applications whose refusals are rising, and writes the events of it."""

from datetime import datetime

import structlog

from gatepass.server.domain.applications import lookup
from gatepass.server.domain.applications.transaction_steps import emit
from gatepass.server.domain.changes.webhooks.model import instant
from gatepass.server.domain.context import Context
from gatepass.server.domain.usage.model import FINE
from gatepass.server.domain.usage.rising import store
from gatepass.server.domain.usage.rising.model import LATELY, USUALLY, Refused, Rise, is_rise, usual
from gatepass.server.storage.database import Connection

_EVENT = "refusals.rising"

log = structlog.get_logger("gatepass.server")


def tell(context: Context) -> int:
    """Write an event for each rise of which it was not said in the last six hours; return how many.

    Nothing is looked for where no endpoint wants to know.
    """
    if not context.webhooks.is_wanted(_EVENT):
        return 0
    now = context.now()
    rises = _find(context, now)
    if not rises:
        return 0
    written = 0
    with context.database.write() as connection:
        told = store.told(connection, [each.refused.app_id for each in rises], now)
        for each in rises:
            if each.refused.app_id not in told:
                written += _write(context, connection, each, now)
    return written


def _find(context: Context, now: datetime) -> list[Rise]:
    since = now - LATELY
    with context.database.read() as connection:
        return [
            Rise(each, usual(before), since)
            for each in store.most_refused(connection, FINE, since)
            if is_rise(each.times, before := _before(connection, each, since))
        ]


def _before(connection: Connection, each: Refused, since: datetime) -> int:
    return store.refused_between(connection, each.app_id, since - USUALLY, since)


def _write(context: Context, connection: Connection, rise: Rise, now: datetime) -> bool:
    application = lookup.find(connection, rise.refused.app_id)
    if application is None:
        return False
    store.record(connection, application.id, now)
    emit(
        context,
        connection,
        application,
        _EVENT,
        now,
        refused=rise.refused.times,
        usual=rise.usual,
        reason=rise.refused.reason,
        since=instant(rise.since),
    )
    log.warning(
        "refusals.rising",
        environment=context.name,
        client_id=application.client_id,
        refused=rise.refused.times,
        usual=rise.usual,
        reason=rise.refused.reason,
    )
    return True
