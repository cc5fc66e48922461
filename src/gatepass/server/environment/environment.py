"""One environment: its hosts, issuer, database, keys, and what of it is kept in memory.

Production and sandbox are two of these. They share code, and nothing else.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog

from gatepass.concurrency.bounded_pool import RETRY_AFTER, BoundedPool
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.cache import ApplicationCache
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit import bounded
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.catalogue import store as catalogue
from gatepass.server.domain.catalogue.model import Catalogue, purposes
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes import tombstones
from gatepass.server.domain.context import Context
from gatepass.server.domain.imports import store as imports
from gatepass.server.domain.imports.hash_verification import LegacyHashes
from gatepass.server.domain.imports.secret_upgrade import SecretUpgrade
from gatepass.server.domain.keys import store as keys
from gatepass.server.domain.keys.keyring import Keyring, keyring
from gatepass.server.domain.keys.operations import ensure
from gatepass.server.domain.master_key import MasterKey
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.domain.revocations.feed import page as feed_page
from gatepass.server.domain.revocations.feed.cursor import Cursor
from gatepass.server.domain.revocations.feed.model import MATTERS
from gatepass.server.domain.revocations.feed.notifier import Notifier
from gatepass.server.domain.revocations.feed.page_cache import PageCache
from gatepass.server.domain.sessions import store as sessions
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.client_failures import AttemptLimit
from gatepass.server.domain.throttling.hourly_limit import MOST_LINES, MOST_ROWS, HourlyLimit
from gatepass.server.domain.token_policy import Purpose, TokenPolicy
from gatepass.server.domain.usage import counter as usage
from gatepass.server.domain.usage import store as counts
from gatepass.server.domain.usage.counter import UsageCounter
from gatepass.server.domain.usage.issuance_limit import IssuanceLimit, hour_of
from gatepass.server.domain.users.passwords import Hasher
from gatepass.server.environment.clock import EnvironmentClock
from gatepass.server.settings import Settings
from gatepass.server.storage import deadline
from gatepass.server.storage.database import (
    FORGOTTEN_AT_ONCE,
    Connection,
    Database,
    DatabaseAwayError,
    DatabaseLostError,
    sqlite_url,
)
from gatepass.server.storage.heartbeat import store as heartbeat
from gatepass.wire.credential import Mode
from gatepass.wire.metadata import PARTNER_API
from gatepass.wire.revoked_ids import RevokedIds

NAMES = {Mode.LIVE: "production", Mode.TEST: "sandbox"}

_RELOAD_AFTER = 3600  # seconds without the feed, after which everything is read anew
_ENOUGH_HASHES = 500  # to tell which kind is the most common
_TOLD_CLOCK = 1.0  # seconds by which the clock's offset changes until the log tells of it
_KEEP_CHANGES = timedelta(hours=24)
_KEEP_AUDIT = timedelta(days=400)
_KEEP_DEVICES = timedelta(days=400)

_PAGES_AT_ONCE = 2  # threads: each more takes time from the event loop, which issues the tokens
_REVOCATIONS_AT_ONCE = 2  # threads: writers stand in line anyway
_MOST_WAITING = 32  # pages, and revocations; the next one is answered 503

log = structlog.get_logger("gatepass.server")


def _transport_headers(*, is_https: bool, subdomains: bool) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that every answer over https has (RFC 6797 §7.2)."""
    if not is_https:
        return ()
    value = b"max-age=31536000" + (b"; includeSubDomains" if subdomains else b"")
    return ((b"strict-transport-security", value),)


def _pool(name: str, threads: int) -> BoundedPool:
    return BoundedPool(
        name,
        threads,
        _MOST_WAITING,
        say=f"The service is busy. Nothing was changed. Try again in {RETRY_AFTER} seconds.",
        note=f"the queue for {name} is full",
    )


class Environment:
    """Everything that one environment is made of; threads may share it."""

    def __init__(
        self,
        mode: Mode,
        settings: Settings,
        master_key: MasterKey,
        hasher: Hasher,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.mode = mode
        self.name = NAMES[mode]
        self.issuer = settings.issuer(mode)
        self.partner_api = self.issuer + PARTNER_API
        self.other_url = settings.issuer(Mode.TEST if mode is Mode.LIVE else Mode.LIVE) + "/"
        own = settings.environment(mode)
        self.algorithm = own.algorithm
        self.is_https = self.issuer.startswith("https://")
        self.hosts = settings.hosts(mode)
        self.transport_headers = _transport_headers(
            is_https=self.is_https, subdomains=own.hsts_subdomains
        )
        self.session_settings = settings.session
        self.hasher = hasher
        self.clock = EnvironmentClock(clock)
        self.database = Database(own.database or sqlite_url(file(settings.data, mode)))
        self.directory = ApplicationCache(self._find_application)
        self.usage = UsageCounter()
        self.minting = IssuanceLimit()
        self.failures = AttemptLimit()
        self.audit_limit = HourlyLimit(MOST_ROWS)
        self.log_limit = HourlyLimit(MOST_LINES)
        self.page_pool = _pool(f"pages {self.name}", _PAGES_AT_ONCE)
        self.revocation_pool = _pool(f"revocations {self.name}", _REVOCATIONS_AT_ONCE)
        self.revoked = RevokedIds()
        self.news = Notifier(settings.http.waiting_polls())
        self.pages = PageCache(self.name, self._read_page)
        self.keys: Keyring  # these two are set by `open`
        self.catalogue: Catalogue
        self.has_imported = False  # client ids of other forms than ours may be somebody's
        self.context = Context(
            self.name,
            mode,
            self.database,
            master_key,
            TokenPolicy(
                self.partner_api,
                own.tokens,
                own.algorithm,
                timedelta(seconds=settings.key_rotation),
            ),
            self.clock,
            self.now,
            self.refresh,
            self.audit_limit,
            self.log_limit,
        )
        self.legacy_hashes = LegacyHashes(self.name)
        self.secret_upgrade = SecretUpgrade(
            self.context, self.directory, self.legacy_hashes, self.failures
        )
        self._grace = settings.stale_grace_seconds
        self._serves = True
        self.place = changes.START  # up to which memory knows the change feed
        self.rebuilds = 0  # how often memory was built again because the database was another one
        self.caught_up_at = time.monotonic()  # when memory was last known to be right
        self.why_away = ""  # why the database cannot be read at the moment
        self.why_unwritable = ""  # why it took no change when it was last tried
        self.free_space: int | None = None  # bytes on the disk of a SQLite file
        self._offset_told = 0.0  # the clock's, in the log
        self._followed_at = time.monotonic()  # when the feed was last read, whatever came
        self._lock = threading.Lock()

    def open(self, *, serves: bool = True) -> None:
        """Bring the database to this version, make the first key, read what memory holds.

        Who `serves` no tokens needs not know which are revoked, and does not wait for that.
        """
        self._serves = serves
        with deadline.each(deadline.COMMAND):
            self.database.migrate()
            with self.database.read() as connection:
                self._compare_clocks(connection)
                self.clock.adjust(changes.newest(connection).at / 1000)
            with self.database.write() as connection:
                needed = purposes(
                    catalogue.load(connection, self.context.token_policy), self.algorithm
                )
                ensure(connection, self.context.master_key, self.mode, needed, self.now())
            with self._lock:
                self._reload(deadline.REBUILD)
            if serves:
                self._warn_of_risks()

    def close(self) -> None:
        """Write what is still to be written and let the database go."""
        try:
            with deadline.shared(deadline.REQUEST):
                self.flush()
                self._summarize(is_last=True)
        except DatabaseAwayError:
            log.warning("usage.lost", environment=self.name)
        for pool in (self.page_pool, self.revocation_pool):
            pool.shutdown(wait=False, cancel_futures=True)
        self.legacy_hashes.close()
        self.pages.close()
        self.database.close()

    def now(self) -> datetime:
        """Give the time in UTC, in whole milliseconds: as the database will give it back."""
        self.clock.adjust(self.place.at / 1000)
        return datetime.fromtimestamp(int(self.clock() * 1000) / 1000, UTC)

    def is_stale(self) -> bool:
        """Tell whether memory is too old to be trusted: the database is away beyond the grace."""
        return time.monotonic() - self.caught_up_at > self._grace

    def lag(self) -> float:
        """Give the seconds since memory was last known to be right."""
        return time.monotonic() - self.caught_up_at

    def catch_up(self) -> None:
        """Apply what was committed since the last time, by whatever process.

        Raises DatabaseAwayError where the database does not answer, or other threads hold this
        up until the deadline.
        """
        if not self._lock.acquire(timeout=deadline.remaining()):
            raise DatabaseAwayError("the change feed is being read")
        try:
            self._follow(deadline.REBUILD)
        finally:
            self._lock.release()

    def refresh(self) -> None:
        """Apply what this process has just committed; where that fails, the follower will.

        What is committed is done, so the caller is not told of a failure.
        """
        committed_at = time.monotonic()
        if not self._lock.acquire(timeout=deadline.remaining()):
            return
        try:
            if self._followed_at < committed_at:  # else another thread has read it along
                self._follow(deadline.remaining())
        except DatabaseAwayError as error:
            log.warning("refresh.failed", environment=self.name, error=str(error))
        finally:
            self._lock.release()

    def note_away(self, error: DatabaseAwayError) -> None:
        """Note that the database cannot be read; one that is lost ends the trust in memory."""
        self.why_away = str(error)
        if isinstance(error, DatabaseLostError):
            self._distrust()

    def note_back(self) -> None:
        """Note that the database was read."""
        self.why_away = ""

    def touch(self) -> None:
        """Note that the database said: nothing has changed."""
        self.caught_up_at = time.monotonic()

    @property
    def purposes(self) -> frozenset[Purpose]:
        """Give what keys are needed for."""
        return purposes(self.catalogue, self.algorithm)

    def turn_keys(self) -> None:
        """Use the keys of now, where one has begun or ceased to be used."""
        if self.clock() >= self.keys.until:
            with self._lock:
                self._load_keys()

    def gather(self) -> None:
        """Count what was issued since the last time, in memory; look whether the clock was set."""
        self.clock.adjust(self.place.at / 1000)
        if abs(self.clock.offset - self._offset_told) > _TOLD_CLOCK:
            self._offset_told = self.clock.offset
            log.warning("clock.differs", environment=self.name, seconds=round(self._offset_told, 1))
        self.usage.gather(self.clock())

    def flush(self) -> None:
        """Write usage, in one batch; learn what other processes issued to who has a limit."""
        now = self.clock()
        marks = self.minting.marks(now)
        batch = self.usage.take(now)
        if batch is not None:
            try:
                with self.database.write() as connection:
                    usage.write(connection, batch, self.audit_limit)
            except DatabaseAwayError:
                self.usage.put_back(batch)
                raise
        if marks:
            with self.database.read() as connection:
                totals = counts.issued_since(connection, marks, hour_of(now))
            self.minting.correct(now, totals, marks)

    def try_writing(self) -> None:
        """Learn whether the database takes changes and, of a SQLite file, its free space."""
        self.free_space = self.database.free_space()
        try:
            with self.database.write() as connection:
                heartbeat.write(connection, self.now())
        except DatabaseAwayError as error:
            self.why_unwritable = str(error)
            raise
        self.why_unwritable = ""

    def keep_bounds(self) -> None:
        """Bound the login failures that are kept; say how much was not logged and recorded."""
        self._summarize()
        with self.database.read() as connection:
            surplus = limits.surplus(connection)
        if surplus:
            with self.database.write() as connection:
                limits.drop_least(connection, surplus)

    def prune(self) -> None:
        """Forget what nobody can need any more.

        A transaction for each kind, and several where there is much of one: all other writers
        wait for it.
        """
        now = self.now()
        idle = timedelta(seconds=self.session_settings.idle)
        work: tuple[Callable[[Connection], int | None], ...] = (
            partial(revocations.prune, now=now),
            partial(changes.prune, older_than=now - _KEEP_CHANGES),
            partial(tombstones.prune, older_than=now - MATTERS),
            partial(audit.prune, older_than=now - _KEEP_AUDIT),
            partial(limits.prune, now=now),
            partial(counts.merge, now=now),
            partial(counts.prune, now=now),
            partial(sessions.prune, idle_since=now - idle, devices_since=now - _KEEP_DEVICES),
        )
        with deadline.each(deadline.LONG):
            for forget in work:
                forgotten: int | None = FORGOTTEN_AT_ONCE
                while forgotten == FORGOTTEN_AT_ONCE:
                    with self.database.write() as connection:
                        forgotten = forget(connection)
        self.revoked.prune(self.clock())
        self._load_imports()

    def _summarize(self, *, is_last: bool = False) -> None:
        now = self.now()
        for each in self.log_limit.take(now.timestamp(), is_last=is_last):
            log.warning(
                "log.suppressed",
                environment=self.name,
                of=each.kind,
                source=each.network,
                times=each.times,
                since=each.start,
            )
        suppressed = self.audit_limit.take(now.timestamp(), is_last=is_last)
        if not suppressed:
            return
        try:
            with self.database.write() as connection:
                bounded.record_suppressed(connection, suppressed, now)
        except DatabaseAwayError:
            self.audit_limit.put_back(suppressed)
            raise

    def _follow(self, seconds: float) -> None:
        """Read the change feed and apply it; the caller holds the lock.

        All may be read again, for which each transaction has `seconds`.
        """
        started = time.monotonic()
        with self.database.read() as connection:
            self._compare_clocks(connection)
            told = changes.since(connection, self.place)
        if told is None:
            self._rebuild(seconds)
        elif started - self.caught_up_at > _RELOAD_AFTER:
            self._reload(seconds)
        else:
            for change in told:
                self._apply(change)
                self.place = change.place
            self.caught_up_at = started
        self._followed_at = started
        self.clock.adjust(self.place.at / 1000)
        if told or told is None:
            self.news.tell()

    def _rebuild(self, seconds: float) -> None:
        """Build memory again: the database is not the one that it was read from.

        It was restored, or another server took over without the newest commits. Until memory is
        built nothing is answered from it: it may hold what was never committed there.
        """
        if not self.is_stale():
            log.error("database.other", environment=self.name, seq=self.place.seq)
        self._distrust()
        self.pages.forget()
        self._reload(seconds)
        self.rebuilds += 1
        log.warning("memory.rebuilt", environment=self.name, seq=self.place.seq)

    def _distrust(self) -> None:
        """Answer nothing from memory until the database was read again."""
        self.caught_up_at = time.monotonic() - self._grace - 1

    def _compare_clocks(self, connection: Connection) -> None:
        asked_at = self.clock.own()
        database = self.database.time(connection)
        if database is not None:
            self.clock.compare(database, asked_at, self.clock.own())

    def _warn_of_risks(self) -> None:
        for setting, risk in self.database.risks().items():
            log.warning("database.risk", environment=self.name, setting=setting, risk=risk)

    def _reload(self, seconds: float) -> None:
        started = time.monotonic()
        with deadline.each(seconds):
            with self.database.read() as connection:
                self.place = changes.newest(connection)
                if self._serves:
                    self.revoked = RevokedIds(revocations.unexpired(connection, self.now()))
            self._load_catalogue()
            self._load_keys()
            self._load_imports()
        self.caught_up_at = started

    def _apply(self, change: changes.Change) -> None:
        match change.kind:
            case changes.APPLICATION:
                self.directory.drop(UUID(change.subject))
            case changes.ORGANIZATION:
                self.directory.clear()
            case changes.REVOCATION:
                self._load_revocation(bytes.fromhex(change.subject))
            case changes.KEY:
                self._load_keys()
            case changes.CATALOGUE:
                self._load_catalogue()
            case changes.IMPORT:
                self._load_imports()
            case changes.CLIENT_GONE | changes.KEY_GONE:
                pass  # guards learn more of it than we need to
            case _:
                log.warning("change.unknown", kind=change.kind)

    def _load_revocation(self, token_id: bytes) -> None:
        with self.database.read() as connection:
            expires_at = revocations.find(connection, token_id)
        if expires_at is not None:
            self.revoked.add(token_id, int(expires_at.timestamp()))

    def _read_page(self, cursor: Cursor | None) -> feed_page.Page:
        with self.database.read() as connection:
            return feed_page.read(connection, cursor, self.now(), self.issuer)

    def _load_keys(self) -> None:
        with self.database.read() as connection:
            known = keys.all_keys(connection, self.context.master_key, self.mode)
        self.keys = keyring(known, self.mode, self.now(), self.algorithm)

    def _load_imports(self) -> None:
        with self.database.read() as connection:
            self.has_imported = imports.is_any(connection)
            self.legacy_hashes.know(applications.encoded(connection, _ENOUGH_HASHES))

    def _load_catalogue(self) -> None:
        with self.database.read() as connection:
            self.catalogue = catalogue.load(connection, self.context.token_policy)
        self.directory.clear()  # and with it what was granted by the old one

    def _find_application(self, key: str | UUID) -> Application | None:
        with self.database.read() as connection:
            if isinstance(key, UUID):
                return applications.find(connection, key)
            return applications.find_by_client_id(connection, key)


def file(data: Path, mode: Mode) -> Path:
    """Give the file of an environment's SQLite database."""
    return data / f"{NAMES[mode]}.sqlite3"
