"""The work that an environment needs at intervals: writing counts, pruning, reporting.

Each function blocks and raises DatabaseAwayError.
"""

import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from math import inf

import structlog

from gatepass.server.domain.applications.keys import store as client_keys
from gatepass.server.domain.applications.keys.certificates import store as certificates
from gatepass.server.domain.applications.keys.certificates.ends import store as certificate_ends
from gatepass.server.domain.applications.keys.used import store as used_assertions
from gatepass.server.domain.applications.secrets.uses import store as secret_uses
from gatepass.server.domain.audit import bounded
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.chain import operations as chain
from gatepass.server.domain.audit.model import KEPT as KEPT_ENTRIES
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes import tombstones
from gatepass.server.domain.changes.outbox import store as outbox
from gatepass.server.domain.changes.webhooks import store as webhooks
from gatepass.server.domain.changes.webhooks.endpoints import store as endpoints
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.search.names import operations as names
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.domain.revocations.feed.model import MATTERS
from gatepass.server.domain.revocations.followers import store as followers
from gatepass.server.domain.throttling import store as throttling
from gatepass.server.domain.usage import counter as usage
from gatepass.server.domain.usage import store as counts
from gatepass.server.domain.usage.issuance_limit import hour_of
from gatepass.server.domain.usage.unknown_clients import operations as unknown_clients
from gatepass.server.domain.users.factors import store as factors
from gatepass.server.domain.users.invitations import store as invitations
from gatepass.server.domain.users.links import store as links
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.single_sign_on import store as single_sign_on
from gatepass.server.environment.environment import Environment
from gatepass.server.storage import deadline
from gatepass.server.storage.database import FORGOTTEN_AT_ONCE, Connection
from gatepass.server.storage.errors import DatabaseAwayError
from gatepass.server.storage.heartbeat import store as heartbeat

_KEEP_CHANGES = timedelta(hours=24)
_KEEP_DEVICES = timedelta(days=400)
_PAUSE = 0.025
"""Seconds between the transactions of one work, as other writers come in only then.

SQLite's look whether the database is free after 25 ms at most, for the first 130 ms.
"""

log = structlog.get_logger("gatepass.server")


def flush(environment: Environment, ends_at: float = inf) -> None:
    """Write usage; read how many tokens all processes issued to limited clients.

    What is not written by `ends_at` (monotonic) is kept for the next time.
    """
    now = environment.clock()
    counted = environment.issuance_limit.counted_this_hour(now)
    unknown_clients.attribute(environment.database, environment.applications, environment.usage)
    batch = environment.usage.take(now)
    if batch is not None:
        _write_usage(environment, batch, ends_at)
    if counted:
        with environment.database.read() as connection:
            totals = counts.issued_since(connection, counted, hour_of(now))
        environment.issuance_limit.correct(now, totals, counted)


def _write_usage(environment: Environment, batch: usage.Batch, ends_at: float) -> None:
    """Write a batch part by part; keep the parts that could not be written for the next time.

    When the environment closes the parts are larger, and there is no pause between them: other
    writers wait a little longer.
    """
    size = usage.AT_ONCE_AT_END if environment.is_closing.is_set() else usage.AT_ONCE
    parts = deque(batch.parts(size))
    try:
        while parts:
            _check_time(ends_at)
            with environment.database.write() as connection:
                usage.write(
                    connection,
                    parts[0],
                    environment.context.audit_limit,
                    keeps_sources=environment.database.has(connection, secret_uses.REVISION),
                    has_keys=environment.database.has(connection, client_keys.REVISION),
                    has_certificates=environment.database.has(connection, certificates.REVISION),
                    has_ends=environment.database.has(connection, certificate_ends.REVISION),
                )
            parts.popleft()
            if parts:
                environment.is_closing.wait(_PAUSE)
    except Exception as error:
        if not isinstance(error, DatabaseAwayError):
            parts.popleft()  # it would fail again, and hold up the others
        if lost := sum(environment.usage.put_back(part) for part in parts):
            log.warning("usage.lost", environment=environment.name, counts=lost)
        raise


def _check_time(ends_at: float) -> None:
    if time.monotonic() > ends_at:
        raise DatabaseAwayError("the time to write usage is over")


def probe_database(environment: Environment) -> None:
    """Find out whether the database can be written and, of a SQLite file, its free space."""
    environment.free_space = environment.database.free_space()
    try:
        with environment.database.write() as connection:
            heartbeat.write(connection, environment.now())
    except DatabaseAwayError as error:
        environment.write_failure = str(error)
        raise
    environment.write_failure = ""


def count_webhooks(environment: Environment) -> None:
    """Count the deliveries that wait and the endpoints that fail, for metrics."""
    with environment.database.read() as connection:
        if environment.database.has(connection, webhooks.REVISION):
            figures = environment.webhook_figures
            figures["waiting"] = webhooks.number_waiting(connection)
            figures["failing"] = endpoints.number_failing(connection)


def keep_bounds(environment: Environment) -> None:
    """Bound the rows of login failures; report how much was not logged and not recorded."""
    _report_suppressed(environment)
    with environment.database.read() as connection:
        surplus = throttling.surplus(connection)
    if surplus:
        with environment.database.write() as connection:
            throttling.drop_least(connection, surplus)


def write_followers(environment: Environment) -> None:
    """Write which guards follow the revocation feed, and how far behind they are."""
    polls = environment.followers.take()
    if not polls:
        return
    try:
        with environment.database.write() as connection:
            if environment.database.has(connection, followers.REVISION):
                followers.write(connection, polls)
    except DatabaseAwayError:
        environment.followers.put_back(polls)
        raise


def prune_assertions(environment: Environment) -> None:
    """Delete the assertions that have expired, in transactions that others wait for shortly."""
    now = environment.now()
    with environment.database.read() as connection:
        if not environment.database.has(connection, used_assertions.REVISION):
            return
        if not used_assertions.has_expired(connection, now):
            return
    while True:
        with environment.database.write() as connection:
            deleted = used_assertions.prune(connection, now)
        if deleted != FORGOTTEN_AT_ONCE or environment.is_closing.wait(_PAUSE):
            return


def prune(environment: Environment) -> None:
    """Delete rows that have expired.

    One transaction per kind, and several for many rows: all other writers wait for each.
    """
    now = environment.now()
    idle = timedelta(seconds=environment.session_settings.idle)
    work: list[Callable[[Connection], int | None]] = [
        partial(revocations.prune, now=now),
        partial(changes.prune, older_than=now - _KEEP_CHANGES),
        partial(tombstones.prune, older_than=now - MATTERS),
        partial(audit.prune, older_than=now - KEPT_ENTRIES),
        partial(throttling.prune, now=now),
        partial(counts.merge, now=now),
        partial(counts.prune, now=now),
        partial(sessions.prune, idle_since=now - idle, devices_since=now - _KEEP_DEVICES),
    ]
    of_newer_tables = (  # this may serve before `gatepass migrate` has made these
        (followers.REVISION, followers.prune),
        (webhooks.REVISION, webhooks.prune),
        (factors.REVISION, factors.prune),
        (links.REVISION, outbox.prune),
        (links.REVISION, links.prune),
        (links.REVISION, invitations.prune),
        (policies.REVISION, sessions.end_past_policy),
        (single_sign_on.REVISION, single_sign_on.prune),
        (secret_uses.REVISION, secret_uses.prune),
    )
    with environment.database.read() as connection:
        work += [
            partial(delete, now=now)
            for revision, delete in of_newer_tables
            if environment.database.has(connection, revision)
        ]
    with deadline.each(deadline.LONG):
        for delete in work:
            while True:
                with environment.database.write() as connection:
                    deleted = delete(connection)
                if deleted != FORGOTTEN_AT_ONCE or environment.is_closing.wait(_PAUSE):
                    break
    environment.state.revoked.prune(environment.clock())
    environment.state.load_imports()


def index_names(environment: Environment) -> None:
    """Bring the index of organizations' names up to date, in short transactions."""
    with deadline.each(deadline.LONG):
        while names.step(environment.database):
            if environment.is_closing.wait(_PAUSE):
                break


def make_checkpoint(environment: Environment) -> None:
    """Sign and send out a checkpoint of the audit trail where one is due.

    Raises ChainBrokenError where the trail does not fit the one before.
    """
    key = environment.keys.signing_keys[environment.algorithm]
    chain.make_checkpoint(environment.context, key, environment.issuer)


def close(environment: Environment, ends_at: float = inf) -> None:
    """Write what memory still holds and close the environment; the last work of a process.

    Usage that is not written by `ends_at` (monotonic) is lost, or if a transaction takes too long.
    """
    environment.is_closing.set()
    try:
        flush(environment, ends_at)
        _report_suppressed(environment, is_last=True)
    except DatabaseAwayError:
        log.warning("usage.lost", environment=environment.name)
    environment.close()


def _report_suppressed(environment: Environment, *, is_last: bool = False) -> None:
    now, context = environment.now(), environment.context
    for each in context.log_limit.take(now.timestamp(), is_last=is_last):
        log.warning(
            "log.suppressed",
            environment=context.name,
            of=each.kind,
            source=each.network,
            times=each.times,
            since=each.start,
        )
    suppressed = context.audit_limit.take(now.timestamp(), is_last=is_last)
    if not suppressed:
        return
    try:
        with context.database.write() as connection:
            bounded.record_suppressed(connection, suppressed, now)
    except DatabaseAwayError:
        context.audit_limit.put_back(suppressed)
        raise
