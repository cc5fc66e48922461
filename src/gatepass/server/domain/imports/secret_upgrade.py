"""The first use of an imported secret: its legacy hash is verified, then replaced by a digest."""

from collections.abc import Callable
from dataclasses import dataclass

from gatepass.server.domain.applications import store
from gatepass.server.domain.applications.cache import ApplicationCache
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.secrets.placeholder import placeholder
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.context import Context
from gatepass.server.domain.imports import django_hashers
from gatepass.server.domain.imports.hash_verification import LegacyHashes
from gatepass.server.domain.throttling.client_failures import AttemptLimit
from gatepass.wire.credential import read
from gatepass.wire.secret import Secret


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SecretUpgrade:
    """Verifies secrets against the legacy hashes of an environment and replaces those hashes."""

    context: Context
    applications: ApplicationCache
    hashes: LegacyHashes
    failures: AttemptLimit

    def pending(
        self,
        client_id: str,
        application: CachedApplication | None,
        readings: tuple[Secret, ...],
        source: str,
    ) -> Callable[[], object] | None:
        """Return the slow work that must precede the answer, None if memory suffices.

        `readings` are the ways to decode the presented secret, `source` is the caller's address.
        While the environment has a legacy hash, each reading of a refused secret costs one slow
        verification, against the application's hash or a sample, so that the time of the answer
        does not reveal whether the client exists. Client ids of this server's form are exempt:
        nobody can guess one. Raises OAuthError (429) if the caller has failed too often.
        """
        sample = self.hashes.sample
        if sample is None or read(client_id):
            return None
        stand_in = placeholder(client_id)
        known = application or stand_in
        matches = [secret.matches(each.digest) for secret in readings for each in known.secrets]
        if any(matches):
            return None
        old = known.legacy_secret(self.context.clock())
        subject = str(old.id) if old else client_id
        if self.hashes.are_wrong(subject, readings):
            return None
        now = self.context.clock()
        self.failures.check(client_id, source, now)
        self.hashes.check(source, now)
        if application and old:
            return lambda: self.upgrade(application, readings, source)
        return lambda: self._imitate(sample, subject, readings, source)

    def upgrade(
        self, application: CachedApplication, readings: tuple[Secret, ...], source: str
    ) -> bool:
        """Verify a secret against the legacy hash and, if it is right, replace the hash.

        Blocks: it hashes, then writes; the replacement is durable before True is returned. A
        wrong secret is remembered. A partner's programs present the same secret at the same
        time, so the application is read again first: another thread may have replaced the hash.
        """
        client_id = application.client_id
        found = self.applications.get(client_id) or self.applications.load(client_id)
        application = found or application
        if any(secret.matches(each.digest) for secret in readings for each in application.secrets):
            return True
        old = application.legacy_secret(self.context.clock())
        if old is None:
            return False
        if self.hashes.are_wrong(str(old.id), readings):
            return False
        with self.context.database.read() as connection:
            encoded = store.legacy_hash(connection, old.id)
        if encoded is None:  # replaced or deleted meanwhile
            return False
        secret = next((each for each in readings if django_hashers.verify(encoded, each)), None)
        if secret is None:
            self.hashes.remember_wrong(str(old.id), readings, source, self.context.clock())
            return False
        with self.context.database.write() as connection:
            store.replace_hash(
                connection, old.id, encoded, secret.digest(), django_hashers.last_four(secret)
            )
            now = self.context.now()
            changes.record(connection, changes.APPLICATION, str(application.id), now)
            if not store.encoded(connection, 1):
                changes.record(connection, changes.IMPORT, "", now)
        self.context.refresh()
        return True

    def _imitate(
        self, sample: str, subject: str, readings: tuple[Secret, ...], source: str
    ) -> None:
        """Take the time of a verification that fails."""
        for secret in readings:
            django_hashers.verify(sample, secret)
        self.hashes.remember_wrong(subject, readings, source, self.context.clock())
