"""Uses, tokens and refusals since the last batch; what is counted on the way of a request."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.cached_application import CachedApplication, CachedSecret
from gatepass.server.domain.applications.keys import store as keys
from gatepass.server.domain.applications.keys.certificates import store as certificates
from gatepass.server.domain.applications.keys.certificates.ends import store as certificate_ends
from gatepass.server.domain.applications.secrets.placeholder import is_placeholder
from gatepass.server.domain.applications.secrets.uses import store as secret_uses
from gatepass.server.domain.audit import bounded
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, Entry, entry
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.throttling.hourly_limit import HourlyLimit
from gatepass.server.domain.usage import refusal_reasons, store
from gatepass.server.domain.usage.model import (
    ISSUED,
    LONGEST_AGENT,
    LONGEST_NOTE,
    CountKey,
    Kind,
    Refusal,
    Use,
    start_of,
)
from gatepass.server.domain.usage.unknown_clients.gathering import UnknownClients
from gatepass.server.storage.database import Connection
from gatepass.wire.errors import OAuthError

_MOST_KINDS = 200  # of refusal in a batch; further ones are only counted and logged
AT_ONCE = 500  # uses, and counts, that one transaction writes: other writers wait for it
AT_ONCE_AT_END = 5_000  # by a process that is to end in time
_REFUSALS_AT_ONCE = 20  # each takes statements of its own
_MOST_KEPT = 500_000  # uses, and counts, that wait while the database is away


class RefusalCount(NamedTuple):
    """Whose a refusal is, how many there were, and when the first and the last (Unix seconds)."""

    application: CachedApplication
    times: int
    first: float
    last: float


class Batch(NamedTuple):
    """What is written at one time: uses by the secret's digest and the address, and counts."""

    uses: dict[tuple[bytes, str], Use]
    counts: Counter[CountKey]
    refusals: dict[Kind, RefusalCount]

    def parts(self, size: int = AT_ONCE) -> Iterator["Batch"]:
        """Return it in parts that are each written in a transaction, earlier uses first.

        A part has `size` uses and counts at most.
        """
        uses = iter(sorted(self.uses.items(), key=lambda use: use[1].at))
        counts, refusals = iter(self.counts.items()), iter(self.refusals.items())
        while any(
            part := Batch(
                dict(islice(uses, size)),
                Counter(dict(islice(counts, size))),
                dict(islice(refusals, _REFUSALS_AT_ONCE)),
            )
        ):
            yield part


class UsageCounter:
    """Counts in memory; lost in a crash is what came since the last batch was written."""

    issued: Callable[[CachedApplication], None]
    """Count a token: one append, which no other thread can come between."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._issued: deque[CachedApplication] = deque()
        self.issued = self._issued.append
        self._batch = Batch({}, Counter(), {})
        self._of_placeholders = Batch({}, Counter(), {})
        self.unknown_clients = UnknownClients()
        self.lost = 0  # uses and counts, as too many waited

    @property
    def waiting(self) -> int:
        """Return how many uses and counts wait to be written; tokens of one client are one."""
        return len(self._batch.uses) + len(self._batch.counts)

    def used(self, use: Use) -> None:
        """Note that an application authenticated with one of its secrets."""
        self._batch.uses[use.secret.digest, use.source] = use

    def refused(
        self,
        application: CachedApplication,
        refused: OAuthError,
        source: str,
        agent: bytes,
        at: float,
        times: int = 1,
    ) -> None:
        """Count that an application was refused, and note why, for its owner to see.

        For a placeholder the same is done, and discarded with the next batch.
        """
        reason = refusal_reasons.of(refused)
        note = (refused.log_detail or refused.description)[:LONGEST_NOTE]
        kind = Kind(application.id, reason, note, source, text(agent))
        with self._lock:
            batch = self._of_placeholders if is_placeholder(application) else self._batch
            batch.counts[CountKey(application.id_bytes, start_of(at), reason)] += times
            _add_refusal(batch, kind, RefusalCount(application, times, at, at))

    def collect(self, at: float) -> None:
        """Count the tokens issued since the last time; `at` (Unix seconds) is about when."""
        applications = [self._issued.popleft() for _ in range(len(self._issued))]
        if not applications:
            return
        start = start_of(at)
        with self._lock:
            for app_id, times in Counter(each.id_bytes for each in applications).items():
                self._batch.counts[CountKey(app_id, start, ISSUED)] += times

    def take(self, at: float) -> Batch | None:
        """Return what came since the last time and reset; None where nothing came."""
        self.collect(at)
        self._of_placeholders = Batch({}, Counter(), {})
        if not any(self._batch):
            return None
        with self._lock:
            taken, self._batch = self._batch, Batch({}, Counter(), {})
        # `used` takes no lock and may be about to add one more to what was taken.
        return taken._replace(uses=dict(taken.uses))

    def put_back(self, batch: Batch) -> int:
        """Keep what could not be written for the next time; return how many uses and counts not.

        These and the refusals are kept within bounds.
        """
        with self._lock:
            newer = self._batch
            uses = list(batch.uses.items())[: max(0, _MOST_KEPT - len(newer.uses))]
            counts = list(batch.counts.items())[: max(0, _MOST_KEPT - len(newer.counts))]
            for key, use in uses:
                newer.uses.setdefault(key, use)  # `used` takes no lock
            newer.counts.update(dict(counts))
            refusals = [*batch.refusals.items(), *newer.refusals.items()]
            newer.refusals.clear()
            for kind, count in refusals:
                _add_refusal(newer, kind, count)
        lost = len(batch.uses) - len(uses) + len(batch.counts) - len(counts)
        self.lost += lost
        return lost


def write(
    connection: Connection,
    batch: Batch,
    limit: HourlyLimit,
    *,
    keeps_sources: bool = True,
    has_keys: bool = True,
    has_certificates: bool = True,
    has_ends: bool = True,
) -> None:
    """Write a batch, or a part of one: uses, counts, and refusals.

    Of the refusals the first of a kind is audited, as far as the limit admits it. `keeps_sources`:
    whether the tables have a place for earlier uses from other addresses; `has_keys`: for keys;
    `has_certificates`: for certificates; `has_ends`: for the ends of certificates.
    """
    of_secrets = _write_uses(connection, batch, keeps_sources=keeps_sources)
    if has_keys and any(use.secret.is_key for use in batch.uses.values()):
        keys.record_use(connection, of_secrets)
    by_certificate = [use for use in batch.uses.values() if use.secret.validity_ms is not None]
    if has_certificates and by_certificate:
        certificates.record_use(connection, of_secrets)
    if has_ends:
        certificate_ends.record_seen(connection, _seen(by_certificate))
    _end_replaced_secrets(connection, batch)
    store.add(connection, batch.counts)
    known = store.existing(connection, {kind.application_id for kind in batch.refusals})
    refusals = [
        Refusal(kind, times, _datetime(first), _datetime(last))
        for kind, (_, times, first, last) in batch.refusals.items()
        if kind.application_id in known
    ]
    new = store.record_refusals(connection, refusals)
    entries = (_entry(batch.refusals[each.kind].application, each) for each in new)
    bounded.record(connection, limit, *entries)


def text(agent: bytes) -> str:
    """Return a User-Agent as it can be kept: of bounded length, in ASCII."""
    return agent[:LONGEST_AGENT].decode("ascii", "replace").replace("\0", "")


def _add_refusal(batch: Batch, kind: Kind, count: RefusalCount) -> None:
    before = batch.refusals.get(kind)
    if before:
        batch.refusals[kind] = count._replace(times=before.times + count.times, first=before.first)
    elif len(batch.refusals) < _MOST_KINDS:
        batch.refusals[kind] = count


def _write_uses(connection: Connection, batch: Batch, *, keeps_sources: bool) -> str:
    """Write the last uses of applications and secrets; return the rows of the secrets."""
    in_order = sorted(batch.uses.values(), key=lambda use: use.at)
    of_applications = {use.application.id_bytes: use for use in in_order}
    newest = {use.secret.id_bytes: use for use in in_order}
    of_secrets = _rows((secret_id, use) for secret_id, use in newest.items())
    if keeps_sources:
        others = (use for use in in_order if newest[use.secret.id_bytes] is not use)
        secret_uses.record(
            connection, of_secrets, _rows((use.secret.id_bytes, use) for use in others)
        )
    applications.record_use(connection, _rows(of_applications.items()), of_secrets)
    return of_secrets


def _seen(uses: Iterable[Use]) -> Iterator[certificate_ends.SeenCertificate]:
    for use in uses:
        if use.secret.validity_ms is not None:
            yield certificate_ends.SeenCertificate(
                use.secret.id_bytes, *use.secret.validity_ms, int(use.at * 1000)
            )


def _rows(uses: Iterable[tuple[bytes, Use]]) -> str:
    return applications.as_use_rows(_last_use(used, use) for used, use in uses)


def _end_replaced_secrets(connection: Connection, batch: Batch) -> None:
    """End the secrets that were to live until another one was used, and tell every process.

    Which those are is known from memory, where the other one was found as well.
    """
    for use in batch.uses.values():
        for old in use.application.secrets:
            if old.ends_on_use_of == use.secret.id_bytes and old.is_live(use.at):
                _end_replaced(connection, old, use)


def _end_replaced(connection: Connection, old: CachedSecret, use: Use) -> None:
    application, at = use.application, _datetime(use.at)
    if not applications.end_live_secret(connection, old.id, at):
        return
    record = entry(
        Actor(application.name, use.source, application.org_id),
        at,
        "secret.ended",
        application.name,
        client_id=application.client_id,
        secret=old.last_four,
    )
    audit.record(connection, record)
    changes.record(connection, changes.APPLICATION, str(application.id), at)


def _last_use(used: bytes, use: Use) -> applications.LastUse:
    return applications.LastUse(used, int(use.at * 1000), use.source, text(use.agent))


def _entry(application: CachedApplication, refusal: Refusal) -> Entry:
    return Entry(
        at=refusal.at,
        org_id=application.org_id,
        actor=application.name,
        action="client.refused",
        subject=application.name,
        result="refused",
        source=refusal.kind.source,
        detail={
            "client_id": application.client_id,
            "reason": refusal.kind.note,
            "times": str(refusal.times),
        },
    )


def _datetime(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
