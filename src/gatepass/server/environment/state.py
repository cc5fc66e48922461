"""What an environment keeps in memory of its database."""

from collections.abc import Collection
from uuid import UUID

import structlog

from gatepass.server.domain.applications import cache_lookup
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.cache import ApplicationCache
from gatepass.server.domain.applications.cached_application import CachedApplication, Key
from gatepass.server.domain.applications.keys import store as client_keys
from gatepass.server.domain.applications.keys.certificates import store as certificates
from gatepass.server.domain.applications.settings import store as settings
from gatepass.server.domain.catalogue import store as catalogue
from gatepass.server.domain.catalogue.model import Catalogue
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.context import Context
from gatepass.server.domain.imports import store as imports
from gatepass.server.domain.imports.hash_verification import LegacyHashes
from gatepass.server.domain.keys import store as keys
from gatepass.server.domain.keys.keyring import Keyring, keyring
from gatepass.server.domain.keys.model import Key as ServerKey
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.storage.database import Connection
from gatepass.wire.revoked_ids import RevokedIds

_ENOUGH_HASHES = 500  # legacy hashes that are read to find the most common kind

log = structlog.get_logger("gatepass.server")


class State:
    """Keys, catalogue, revoked token ids and applications; each change of the feed updates them.

    Applications take at most `cache_bytes`. `has_imported` is True once applications were imported,
    whose client ids have other forms; `has_keys` once the tables have a place for keys of clients,
    `has_certificates` once they have one for their certificates.
    """

    def __init__(self, context: Context, cache_bytes: int) -> None:
        self._context = context
        self.applications = ApplicationCache(
            self._find_applications, self._find_application_directly, cache_bytes
        )
        self.legacy_hashes = LegacyHashes(context.name)
        self.revoked = RevokedIds()
        self.has_imported = False
        self.has_keys = self.has_certificates = False
        self._known_keys: dict[int, ServerKey] = {}  # as they were read last
        self.keys: Keyring  # these two are set by `reload`
        self.catalogue: Catalogue

    def load_revocations(self, connection: Connection) -> None:
        """Read the ids of all tokens that are revoked and not expired."""
        self.revoked = RevokedIds(revocations.unexpired(connection, self._context.now()))

    def reload(self) -> None:
        """Read everything else again."""
        self._load_catalogue()
        self.load_keys()
        self.load_imports()

    def apply(self, change: changes.Change) -> None:
        """Read again what a change of the feed concerns, or drop it from memory."""
        match change.kind:
            case changes.APPLICATION:
                self.applications.drop(UUID(change.subject))
            case changes.ORGANIZATION:
                self.applications.drop_of_organization(UUID(change.subject))
            case changes.REVOCATION:
                self._load_revocation(bytes.fromhex(change.subject))
            case changes.KEY:
                self.load_keys()
            case changes.CATALOGUE:
                self._load_catalogue()
            case changes.IMPORT:
                self.load_imports()
            case changes.CLIENT_GONE | changes.KEY_GONE:
                pass  # for guards: here the changes of the application and the key say it
            case _:
                log.warning("change.unknown", kind=change.kind)

    def load_keys(self) -> None:
        """Read the keys and choose those that are used now."""
        context = self._context
        with context.database.read() as connection:
            known, error = keys.all_keys_or_known(
                connection, context.master_key, context.mode, self._known_keys
            )
        if error is not None:
            log.error("master_key.wrong", environment=context.name, error=str(error))
        self._known_keys = {key.id: key for key in known}
        self.keys = keyring(known, context.mode, context.now(), context.token_policy.algorithm)

    def load_imports(self) -> None:
        """Read whether applications were imported, and a sample of the legacy hashes left."""
        with self._context.database.read() as connection:
            self.has_imported = imports.is_any(connection)
            self.has_keys = self._context.database.has(connection, client_keys.REVISION)
            self.has_certificates = self._context.database.has(connection, certificates.REVISION)
            self.legacy_hashes.know(applications.encoded(connection, _ENOUGH_HASHES))

    def _load_catalogue(self) -> None:
        with self._context.database.read() as connection:
            self.catalogue = catalogue.load(connection, self._context.token_policy)
        self.applications.clear()  # and with it the grants that the old catalogue allowed

    def _load_revocation(self, token_id: bytes) -> None:
        with self._context.database.read() as connection:
            expires_at = revocations.find(connection, token_id)
        if expires_at is not None:
            self.revoked.add(token_id, int(expires_at.timestamp()))

    def _find_application_directly(self, key: Key) -> tuple[CachedApplication | None] | None:
        database = self._context.database
        reads = database.direct_reads
        if reads is None or not database.is_known_to_have(settings.REVISION):
            return None
        return cache_lookup.find_directly(reads, key)

    def _find_applications(self, keys: Collection[Key]) -> dict[Key, CachedApplication]:
        with self._context.database.read() as connection:
            return cache_lookup.find_all(connection, keys)
