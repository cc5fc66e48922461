"""Takes reports of leaked credentials in, and does what has to be done about those that are real.

The two are apart so that the answer to a report takes the same time for every credential.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog

from gatepass.server.domain.applications import lookup
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets.automatic_rotation import (
    operations as automatic_rotation,
)
from gatepass.server.domain.applications.secrets.leaks import notices
from gatepass.server.domain.applications.secrets.leaks import operations as leaks
from gatepass.server.domain.applications.secrets.leaks import store as leaked_secrets
from gatepass.server.domain.applications.secrets.leaks.model import REPORTERS, LeakedSecret
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.context import Context
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.domain.revocations.leak_reports import store
from gatepass.server.domain.revocations.leak_reports.model import LeakReport
from gatepass.server.domain.revocations.leak_reports.store import Waiting
from gatepass.server.storage.database import Connection
from gatepass.wire.errors import OAuthError

_AT_ONCE = 200  # reports that are looked up by one statement

log = structlog.get_logger("gatepass.server")


def receive(context: Context, reports: Sequence[LeakReport]) -> None:
    """Write reports down, to be looked up by `process`.

    Raises OAuthError (503) where the tables are those of the version before.
    """
    with context.database.write() as connection:
        if not context.database.has(connection, store.REVISION):
            raise OAuthError(
                "temporarily_unavailable",
                "Reports cannot be taken yet. Tell the operator of this server.",
                log_detail="tables of the version before: run `gatepass migrate`",
                status=503,
            )
        store.add(connection, reports)


def process(context: Context) -> int:
    """Look the reports up that wait; return how many there were.

    A report is removed in the transaction that does what it asks for, so each is done once,
    by one process, and none is lost.
    """
    done = 0
    while True:
        with context.database.read() as connection:
            if not context.database.has(connection, store.REVISION):
                return done
            waiting = store.oldest(connection, _AT_ONCE)
            owners = leaked_secrets.digests(connection, _secrets_of(waiting))
        if not waiting:
            return done
        known = [each for each in waiting if _may_be_known(each.report, owners)]
        if others := [each.id for each in waiting if each not in known]:
            with context.database.write() as connection:
                store.take(connection, others)
        for each in known:
            with context.database.write() as connection:
                if store.take(connection, [each.id]):
                    _do(context, connection, each.report, owners)
        if known:
            context.refresh()
        done += len(waiting)


def _secrets_of(waiting: Sequence[Waiting]) -> list[bytes]:
    return [each.report.digest for each in waiting if each.report.kind == "secret"]


def _may_be_known(report: LeakReport, owners: dict[bytes, tuple[UUID, UUID]]) -> bool:
    return report.is_own_token if report.kind == "token" else report.digest in owners


def _do(
    context: Context,
    connection: Connection,
    report: LeakReport,
    owners: dict[bytes, tuple[UUID, UUID]],
) -> None:
    if report.kind == "token":
        _revoke_token(context, connection, report)
        return
    app_id, secret_id = owners[report.digest]
    leak = LeakedSecret(
        secret_id, report.received_at, report.channel, report.location, has_tokens=False
    )
    end = leaks.end_leaked(context, connection, app_id, leak, report.source)
    if end is not None:
        by = Actor(REPORTERS[report.channel], report.source)
        automatic_rotation.end_prepared(context, connection, by, app_id, end)


def _revoke_token(context: Context, connection: Connection, report: LeakReport) -> None:
    """Revoke a token that leaked, unless it has expired or is revoked."""
    now, application = context.now(), _owner(connection, report)
    if application is None or report.expires_at is None or report.expires_at <= now:
        return
    if revocations.find(connection, report.digest) is not None:
        return
    revocations.add(connection, report.digest, report.expires_at)
    token_id = report.digest.hex()
    event = entry(
        Actor(REPORTERS[report.channel], report.source, application.org_id),
        now,
        "token.leak_reported",
        application.name,
        client_id=application.client_id,
        token_id=token_id,
        location=report.location or "not stated",
    )
    audit.record(connection, event)
    changes.record(connection, changes.REVOCATION, token_id, now)
    log.warning(
        "token.leak_reported",
        environment=context.name,
        client_id=application.client_id,
        channel=report.channel,
        source=report.source,
    )
    notices.alert(
        context,
        connection,
        application,
        now,
        reporter=REPORTERS[report.channel],
        source=report.source,
        location=report.location,
    )


def _owner(connection: Connection, report: LeakReport) -> Application | None:
    if report.application_id is not None:
        return lookup.find(connection, report.application_id)
    return lookup.find_by_client_id(connection, report.client_id)
