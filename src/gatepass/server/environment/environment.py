"""One environment: its hosts, issuer, database, keys, and what of it is kept in memory.

Production and sandbox are two of these. They share code, and nothing else.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from gatepass.server.configuration.network import hosts
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.catalogue import store as catalogue
from gatepass.server.domain.catalogue.model import Catalogue, purposes
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes.outbox.operations import Outbox
from gatepass.server.domain.changes.webhooks.operations import Webhooks
from gatepass.server.domain.context import Context
from gatepass.server.domain.imports.secret_upgrade import SecretUpgrade
from gatepass.server.domain.keys.keyring import Keyring
from gatepass.server.domain.keys.operations import ensure
from gatepass.server.domain.revocations.feed.notifier import Notifier
from gatepass.server.domain.revocations.followers.model import Followers
from gatepass.server.domain.throttling.client_failures import AttemptLimit
from gatepass.server.domain.throttling.hourly_limit import MOST_LINES, MOST_ROWS, HourlyLimit
from gatepass.server.domain.throttling.report_budget import ReportBudget
from gatepass.server.domain.token_policy import Purpose, TokenPolicy
from gatepass.server.domain.usage.counter import UsageCounter
from gatepass.server.domain.usage.issuance_limit import IssuanceLimit
from gatepass.server.domain.users.factors import operations as factors
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.environment import databases
from gatepass.server.environment.clock import EnvironmentClock
from gatepass.server.environment.databases import NAMES, file
from gatepass.server.environment.pools import Pools
from gatepass.server.environment.state import State
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import DatabaseAwayError, DatabaseLostError
from gatepass.server.storage.master_key import MasterKey
from gatepass.server.storage.migrations import schema_table
from gatepass.translation.language import codes
from gatepass.wire.credential import Mode
from gatepass.wire.metadata import ADMIN_API, PARTNER_API

if TYPE_CHECKING:
    from gatepass.server.environment.openid_provider.client import OpenIdProviders

__all__ = ["MOST_CHANGES", "NAMES", "Environment", "file"]

_RELOAD_AFTER = 3600  # seconds without the feed, after which everything is read again
MOST_CHANGES = 50_000  # at a time; after more, as by an import, everything is read again
_LOGGED_OFFSET = 1.0  # seconds by which the clock's offset changes until that is logged

log = structlog.get_logger("gatepass.server")


class Environment:
    """One environment: identity, database, keys, catalogue and background state; thread-safe."""

    private_key_jwt = False
    """Whether clients may authenticate with keys: where it serves, by the settings."""
    profile: str = ""
    """The security profile of all its applications, if there is one: where it serves."""
    dpop = False
    """Whether clients may bind tokens to a key: where it serves, by the settings."""
    mtls_url = ""
    """The address at which TLS asks clients for a certificate, if there is one."""
    _certificate_methods: tuple[str, ...] = ()
    position = changes.START
    """Up to where memory knows the change feed."""
    rebuilds = 0
    """How often memory was built again because the database was another one."""
    read_failure = ""
    """Why the database cannot be read at the moment."""
    write_failure = ""
    """Why it took no change when it was last tried."""
    free_space: int | None = None
    """Bytes on the disk of a SQLite file."""
    _serves = True
    _logged_offset = 0.0  # the clock's, in the log

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
        self.docs_url = f"{self.issuer}/docs/" if settings.docs else ""  # of the documentation
        self.other_url = settings.issuer(Mode.TEST if mode is Mode.LIVE else Mode.LIVE) + "/"
        self.brand = settings.brand(mode)
        own = settings.environment(mode)
        self.languages = own.languages or codes()
        self.algorithm = own.algorithm
        self.hosts = settings.hosts(mode)
        self.transport_headers = hosts.transport_headers(
            self.issuer, subdomains=own.hsts_subdomains
        )
        self.session_settings = settings.session
        self.relying_party = settings.relying_party(mode)
        self.hasher = hasher
        self.clock = EnvironmentClock(clock)
        self.database = databases.of(settings, mode)
        self._migrates = settings.auto_migrate
        self.usage = UsageCounter()
        self.issuance_limit = IssuanceLimit()
        self.failures = AttemptLimit()
        self.pools = Pools(self.name)
        self.leak_report_budget = ReportBudget()
        self._single_sign_on = settings.single_sign_on
        self.notifier = Notifier(settings.http.waiting_polls())
        self.context = self._context(settings, master_key)
        self.state = State(self.context, settings.application_cache * 2**20)
        self.applications = self.state.applications
        self.secret_upgrade = SecretUpgrade(
            self.context, self.applications, self.state.legacy_hashes, self.failures
        )
        self._grace = settings.stale_grace_seconds
        self.is_closing = threading.Event()
        self.caught_up_at = time.monotonic()  # when memory was last known to be right
        self.tokens_issued = {"opaque": 0, "jwt": 0}
        self.webhook_figures: Counter[str] = Counter()  # for metrics
        self.housekept_at: dict[str, float] = {}  # Unix seconds; 0.0: not since the start
        self.followers = Followers()  # of the revocation feed
        self._followed_at = time.monotonic()  # when the feed was last read, whatever came
        self._lock = threading.Lock()

    @property
    def is_https(self) -> bool:
        """Return whether browsers reach it over TLS."""
        return self.issuer.startswith("https://")

    @property
    def admin_api(self) -> str:
        """Return the identifier of the Admin API; empty in the sandbox, which has no operators."""
        return self.issuer + ADMIN_API if self.mode is Mode.LIVE else ""

    def accepts_assertions(self) -> bool:
        """Return whether clients may authenticate with a key: it is on, and there are tables."""
        return self.private_key_jwt and self.state.has_keys

    def certificate_methods(self) -> tuple[str, ...]:
        """Return how clients may authenticate with a certificate (RFC 8705 §2): none, one or both.

        Certificates must arrive here, and the tables must have a place for them.
        """
        return self._certificate_methods if self.state.has_certificates else ()

    def open(self, *, serves: bool = True) -> None:
        """Bring the database to this version, make the first key, read what memory holds.

        Who `serves` no tokens needs not know which are revoked, and does not wait for that.
        """
        self._serves = serves
        with deadline.each(deadline.COMMAND):
            databases.bring_to_this_version(self.database, self.name, migrates=self._migrates)
            with self.database.read() as connection:
                self._compare_clocks(connection)
                self.clock.adjust(changes.newest(connection).at / 1000)
            with self.database.write() as connection:
                needed = purposes(
                    catalogue.load(connection, self.context.token_policy), self.algorithm
                )
                ensure(connection, self.context.master_key, self.mode, needed, self.now())
                schema_table.claim(connection, self.name)  # whose keys could be read
            with self._lock:
                self._reload(deadline.REBUILD)
            if serves:
                self._warn_of_risks()
                self._warn_of_passkeys()

    def close(self) -> None:
        """End the threads and close the database; a server calls `maintenance.close` instead."""
        for pool in self.pools:
            pool.shutdown(wait=False, cancel_futures=True)
        self.state.legacy_hashes.close()
        self.database.close()

    def now(self) -> datetime:
        """Return the time in UTC, in whole milliseconds: as the database will give it back."""
        self.clock.adjust(self.position.at / 1000)
        return datetime.fromtimestamp(int(self.clock() * 1000) / 1000, UTC)

    def is_stale(self) -> bool:
        """Return whether memory is too old to be trusted: the database is away beyond the grace."""
        return time.monotonic() - self.caught_up_at > self._grace

    def cache_entries(self) -> dict[str, int]:
        """Return how much each cache of repeated results holds; there are some where it serves."""
        return {}

    def waiting_lookups(self) -> int:
        """Return how many look-ups of applications requests wait for."""
        return 0

    def lag(self) -> float:
        """Return the seconds since memory was last known to be right."""
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
        """Apply what this process has just committed.

        A failure is logged and not raised: the change is committed, and the change follower
        applies it later.
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

    def record_away(self, error: DatabaseAwayError) -> None:
        """Note that the database cannot be read; one that is lost ends the trust in memory."""
        self.read_failure = str(error)
        if isinstance(error, DatabaseLostError):
            self._mark_stale()

    def record_back(self) -> None:
        """Note that the database was read."""
        self.read_failure = ""

    def mark_current(self) -> None:
        """Note that the database said: nothing has changed."""
        self.caught_up_at = time.monotonic()

    @property
    def keys(self) -> Keyring:
        """Return the keys that are used now."""
        return self.state.keys

    @property
    def catalogue(self) -> Catalogue:
        """Return the resources and scopes of now."""
        return self.state.catalogue

    @cached_property
    def providers(self) -> "OpenIdProviders":
        """Return the client of OpenID providers; its libraries are loaded by the first use."""
        from gatepass.server.environment.openid_provider.client import OpenIdProviders

        return OpenIdProviders(self._single_sign_on, self.clock)

    @property
    def purposes(self) -> frozenset[Purpose]:
        """Return what keys are needed for."""
        return purposes(self.catalogue, self.algorithm)

    def refresh_keys(self) -> None:
        """Use the keys of now, where one has begun or ceased to be used."""
        if self.clock() >= self.keys.until:
            with self._lock:
                self.state.load_keys()

    def collect(self) -> None:
        """Count what was issued since the last time, in memory; look whether the clock was set."""
        self.clock.adjust(self.position.at / 1000)
        if abs(self.clock.offset - self._logged_offset) > _LOGGED_OFFSET:
            self._logged_offset = self.clock.offset
            log.warning(
                "clock.differs", environment=self.name, seconds=round(self._logged_offset, 1)
            )
        self.usage.collect(self.clock())

    def _context(self, settings: Settings, master_key: MasterKey) -> Context:
        own, rotation = settings.environment(self.mode), timedelta(seconds=settings.key_rotation)
        return Context(
            self.name,
            self.mode,
            self.database,
            master_key,
            TokenPolicy(self.partner_api, own.tokens, own.algorithm, rotation, self.admin_api),
            self.clock,
            self.now,
            self.refresh,
            Outbox(
                self.database,
                master_key,
                sends_mail=settings.mail.is_on,
                operator=settings.operator.alerts,
            ),
            Webhooks(
                self.database, master_key, self.name, self.issuer, settings.webhooks.networks()
            ),
            audit_limit=HourlyLimit(MOST_ROWS),
            log_limit=HourlyLimit(MOST_LINES),
        )

    def _follow(self, seconds: float) -> None:
        """Read the change feed and apply it; the caller holds the lock.

        All may be read again, for which each transaction has `seconds`.
        """
        started = time.monotonic()
        with self.database.read() as connection:
            self._compare_clocks(connection)
            found = changes.since(connection, self.position, MOST_CHANGES)
        if found is None:
            self._rebuild(seconds)
        elif len(found) == MOST_CHANGES or started - self.caught_up_at > _RELOAD_AFTER:
            self._reload(seconds)
        else:
            for change in found:
                self.state.apply(change)
                self.position = change.position
            self.caught_up_at = started
        self._followed_at = started
        self.clock.adjust(self.position.at / 1000)
        if found or found is None:
            self.notifier.notify()

    def _rebuild(self, seconds: float) -> None:
        """Build memory again: the database is not the one that it was read from.

        It was restored, or another server took over without the newest commits. Until memory is
        built nothing is answered from it: it may hold what was never committed there.
        """
        if not self.is_stale():
            log.error("database.other", environment=self.name, seq=self.position.seq)
        self._mark_stale()
        self.rebuilds += 1  # before the reload, so that no page of the earlier database is served
        self._reload(seconds)
        log.warning("memory.rebuilt", environment=self.name, seq=self.position.seq)

    def _mark_stale(self) -> None:
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

    def _warn_of_passkeys(self) -> None:
        """Log how many passkeys do not work, as the domain that they were made for has changed."""
        party = self.relying_party
        unusable = factors.unusable_passkeys(self.context, party)
        if unusable:
            log.warning(
                "passkeys.unusable", environment=self.name, domain=party.id, passkeys=unusable
            )

    def _reload(self, seconds: float) -> None:
        started = time.monotonic()
        with deadline.each(seconds):
            with self.database.read() as connection:
                self.position = changes.newest(connection)
                if self._serves:
                    self.state.load_revocations(connection)
            self.state.reload()
        self.caught_up_at = started
