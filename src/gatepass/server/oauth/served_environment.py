"""An environment as the OAuth endpoints serve it."""

import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from uuid import UUID

from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.applications.cache import Lookup
from gatepass.server.domain.applications.keys import store as client_keys
from gatepass.server.domain.applications.keys.cache import KeyCache
from gatepass.server.domain.applications.keys.certificates import store as client_certificates
from gatepass.server.domain.applications.keys.certificates.cache import CertificateCache
from gatepass.server.domain.applications.keys.certificates.model import ApplicationCertificate
from gatepass.server.domain.applications.keys.model import ApplicationKey, KeySetting
from gatepass.server.domain.applications.keys.used.ledger import Ledger
from gatepass.server.domain.revocations.feed import page as feed_page
from gatepass.server.domain.revocations.feed.cursor import Cursor
from gatepass.server.domain.revocations.feed.page_cache import PageCache
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.environment.environment import Environment
from gatepass.server.environment.lookup_batches import LookupBatches
from gatepass.server.http import NeedsThread, Response
from gatepass.server.oauth.authentication.admission import Admissions
from gatepass.server.oauth.authentication.key_sets import KeySets
from gatepass.server.oauth.authentication.proofs import Proofs
from gatepass.server.oauth.leak_reports.github_keys import GitHubKeys
from gatepass.server.storage.master_key import MasterKey
from gatepass.server.tokens.grant_cache import CachedCaller, CachedGrant, GrantCache
from gatepass.server.tokens.issue import entropy
from gatepass.server.tokens.verified_cache import DerivedCache, VerifiedTokenCache
from gatepass.wire import metadata
from gatepass.wire.credential import Mode

_NONCES = "dpop nonces"  # the purpose of their key


class ServedEnvironment(Environment):
    """An environment with the caches of its OAuth endpoints, each bounded.

    The sandbox is given `production`, whose accounts it trusts where `sandbox_identity` says so.
    """

    def __init__(
        self,
        mode: Mode,
        settings: Settings,
        master_key: MasterKey,
        hasher: Hasher,
        clock: Callable[[], float] = time.time,
        production: "ServedEnvironment | None" = None,
    ) -> None:
        super().__init__(mode, settings, master_key, hasher, clock)
        # The environment whose accounts this one trusts. Production never has one.
        self.has_one_identity = settings.sandbox_identity == "production"
        is_sandbox = mode is Mode.TEST
        self.console = None if is_sandbox else settings.console
        self.accounts = production if self.has_one_identity and is_sandbox else None
        trusts = self.has_one_identity and not is_sandbox
        self.trusted_by = settings.issuer(Mode.TEST) if trusts else ""  # the sandbox's issuer
        self.github_keys = GitHubKeys(settings.leak_reports.github_keys_url)
        self.other: ServedEnvironment | None = None
        """The other environment, where this process serves both."""
        self.entropy = entropy()
        self.lookups = LookupBatches(self.applications)
        self.grants: GrantCache[CachedGrant] = GrantCache(self.applications)
        self.callers: GrantCache[CachedCaller] = GrantCache(self.applications)
        self.private_key_jwt = settings.environment(mode).private_key_jwt
        self._certificate_methods = settings.certificate_methods
        self.mtls_url = settings.mtls_url(mode)
        self.client_keys = KeyCache(self._find_keys)
        self.client_certificates = CertificateCache(self._find_certificates)
        self.key_sets = KeySets(self.name, settings.single_sign_on)
        ledger = Ledger(self.database, clock)
        self.admissions = Admissions(self.name, ledger, lambda: bool(self.read_failure))
        own, aliases = settings.environment(mode), settings.path_aliases
        nonce_keys = master_key.derived(_NONCES) if own.dpop_nonces else ()
        self.dpop = own.dpop
        self.profile = own.profile
        self.proofs = Proofs(nonce_keys)
        self.token_urls = self._urls(metadata.TOKEN, aliases.token)
        self.introspection_urls = self._urls(metadata.INTROSPECT, aliases.introspection)
        self.feed_urls = self._urls(metadata.REVOCATIONS)
        revocation_urls = self._urls(metadata.REVOKE, aliases.revocation)
        every = (self.token_urls, self.introspection_urls, self.feed_urls, revocation_urls)
        self.endpoint_urls = frozenset(chain.from_iterable(every))
        self.verified_tokens = VerifiedTokenCache()
        self.introspection_responses: DerivedCache[Response] = DerivedCache()
        self.assertions: DerivedCache[tuple[float, Response]] = DerivedCache()  # by forward auth
        self.feed_pages = PageCache(self.name, self._read_feed_page)

    def _urls(self, path: str, aliases: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the public addresses of an endpoint, as DPoP proofs name them; its own first."""
        paths = (path, *(f"{alias}/" for alias in aliases))
        return tuple(
            base + each
            for base in self._bases()
            for one in paths
            for each in (one, one.rstrip("/"))
        )

    def _bases(self) -> tuple[str, ...]:
        """Return the base addresses: the issuer's, and the one where TLS asks for certificates."""
        return (self.issuer, self.mtls_url) if self.mtls_url else (self.issuer,)

    def needs_lookup(self, lookup: Lookup) -> NeedsThread:
        """Return what an endpoint returns that needs an application from the database."""
        work = partial(self.applications.run, (lookup,))
        return NeedsThread(work, together=partial(self.lookups.join, lookup))

    def cache_entries(self) -> dict[str, int]:
        """Return how much each cache of repeated results holds."""
        return {
            "grants": len(self.grants),
            "callers": len(self.callers),
            "verified_tokens": len(self.verified_tokens),
            "introspection_responses": len(self.introspection_responses),
            "assertions": len(self.assertions),
            "client_keys": len(self.client_keys),
            "dpop_proofs": len(self.proofs),
            "client_certificates": len(self.client_certificates),
        }

    def waiting_lookups(self) -> int:
        """Return how many look-ups of applications requests wait for."""
        return len(self.lookups)

    def close(self) -> None:
        """End the threads and close the database."""
        self.feed_pages.close()
        self.key_sets.close()
        super().close()

    def _find_keys(self, app_id: UUID) -> tuple[list[ApplicationKey], KeySetting]:
        with self.database.read() as connection:
            if not self.database.has(connection, client_keys.REVISION):
                return [], KeySetting()
            keys = client_keys.of_application(connection, app_id)
            return keys, client_keys.setting(connection, app_id)

    def _find_certificates(self, app_id: UUID) -> list[ApplicationCertificate]:
        with self.database.read() as connection:
            if not self.database.has(connection, client_certificates.REVISION):
                return []
            return client_certificates.of_application(connection, app_id)

    def _read_feed_page(self, cursor: Cursor | None) -> feed_page.Page:
        with self.database.read() as connection:
            return feed_page.read(connection, cursor, self.now(), self.issuer)
