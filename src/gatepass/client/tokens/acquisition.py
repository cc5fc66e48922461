"""Where a new token comes from: the cache that processes share, else the token endpoint."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from gatepass.client.errors import TokenRefused
from gatepass.client.keys.certificate import ClientCertificate
from gatepass.client.keys.signing_key import SigningKey
from gatepass.client.secrets.rotation import Rotation, SecretRotation
from gatepass.client.secrets.source import Literal
from gatepass.client.settings import PRIVATE_KEY_JWT, SELF_SIGNED_TLS, TLS, ClientSettings
from gatepass.client.tokens.authentication import Authenticator, Credential
from gatepass.client.tokens.drivers import TokenFlow, call
from gatepass.client.tokens.request import RetryLimits, request_token
from gatepass.client.tokens.token import CachedToken, State
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    from gatepass.client.keys.dpop import Prover

_log = logging.getLogger("gatepass.client")

_REFUSED = {
    Secret: "client secret refused, looking for another one",
    SigningKey: "private key refused, looking for another one",
    ClientCertificate: "client certificate refused, looking for another one",
}
_FOUND = {
    Secret: "another client secret works: it was rotated",
    SigningKey: "another private key works: it was replaced",
    ClientCertificate: "another client certificate works: it was replaced",
}
_NOT_READ = "private key not read, the last one is used if any: %s"
_READS = 2  # of the credentials: a refused one may just have been rotated


class Entry(Protocol):
    """The cache entry of one token, for one renewal. No method raises."""

    def read(self) -> CachedToken | None:
        """Return the token, None where there is no usable one."""

    def write(self, token: CachedToken) -> None:
        """Share `token` with the other processes."""

    def lock(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the lock; return whether this process has it now."""

    def unlock(self) -> None:
        """Release the lock; a pending `lock` releases it as soon as it succeeds."""


class Cache(Protocol):
    """Tokens that processes share, by everything that a token depends on."""

    def entry(self, key: Sequence[str], secrets: Sequence[Secret]) -> Entry:
        """Return the entry of one token; `key` has all but the secrets. May take milliseconds."""


class Acquisition:
    """Gets tokens for one client, scope and resource. One caller uses it at a time."""

    def __init__(
        self,
        settings: ClientSettings,
        cache: Cache | None,
        now: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._now = now
        self._random = random
        self._authenticator = Authenticator(settings)
        self._credentials = _rotation(settings)
        self.prover: Prover | None = None  # made with the first token, if tokens are to be bound

    def get(
        self, stale: CachedToken | None, rejected: Secret | None, limits: RetryLimits
    ) -> TokenFlow[CachedToken]:
        """Return a token that is newer than `stale` and is not `rejected`, or raise a ClientError.

        While another process renews the shared token, returns `stale` itself.
        """
        credentials = yield from self._prepare()
        # A key that only this process has would make an entry that no other can use.
        if self._cache is None or (self.prover is not None and self._settings.dpop_key is None):
            return (yield from self._request(credentials, limits))
        entry = yield from call(partial(self._find, self._cache, credentials))
        return (yield from self._share(entry, credentials, stale, rejected, limits))

    def get_separately(self, limits: RetryLimits) -> TokenFlow[CachedToken]:
        """Request a token without the cache, while another caller is in the middle of `get`."""
        credentials = yield from self._prepare()
        return (yield from self._request(credentials, limits))

    def _find(self, cache: Cache, credentials: list[Credential]) -> Entry:
        """Return the entry of the token; may read the certificate."""
        return cache.entry(_key(self._settings, self._jkt), _names(credentials))

    def _share(
        self,
        entry: Entry,
        credentials: list[Credential],
        stale: CachedToken | None,
        rejected: Secret | None,
        limits: RetryLimits,
    ) -> TokenFlow[CachedToken]:
        found = yield from call(entry.read)
        if found is not None and self._is_better(found, stale, rejected):
            return found
        try:
            timeout = 0.0 if stale else max(0.0, limits.deadline - self._now())
            has_lock = yield from call(partial(entry.lock, timeout))
            found = yield from call(entry.read)
            if found is not None and self._is_better(found, stale, rejected):
                return found
            if stale is not None and not has_lock:
                return stale
            token = yield from self._request(credentials, limits)
            yield from call(partial(entry.write, token))
            return token
        finally:
            entry.unlock()

    def _is_better(
        self, found: CachedToken, stale: CachedToken | None, rejected: Secret | None
    ) -> bool:
        """Return whether a token of another process makes a request unnecessary."""
        if found.response.access_token == rejected or found.jkt != self._jkt:
            return False
        state = found.state(self._now())
        return state is State.FRESH or (stale is None and state is State.STALE)

    def _request(
        self, credentials: list[Credential], limits: RetryLimits
    ) -> TokenFlow[CachedToken]:
        """Try one credential after the other; read them again where all were refused."""
        tried: set[Credential] = set()
        refusal: TokenRefused | None = None
        for attempt in range(_READS):
            if attempt:
                credentials = yield from self._read_credentials()
            for credential in credentials:
                if credential in tried:
                    continue
                tried.add(credential)
                try:
                    token = yield from request_token(
                        self._settings,
                        credential,
                        limits,
                        self._now,
                        self._random,
                        self._authenticator,
                        self.prover,
                    )
                except TokenRefused as error:
                    if not error.is_of_the_secret:
                        raise
                    refusal = error
                    _log.info(_REFUSED[type(credential)])
                else:
                    if refusal is not None:
                        _log.info(_FOUND[type(credential)])
                    self._credentials.prefer(credential)
                    return token
        raise refusal or AssertionError("there is always a credential")

    @property
    def _jkt(self) -> str:
        return self.prover.jkt if self.prover is not None else ""

    def _prepare(self) -> TokenFlow[list[Credential]]:
        """Make what proves the key, the first time, and return the credentials."""
        if self._settings.dpop and self.prover is None:
            self._keep((yield from call(self._settings.prover)))
        return (yield from self._read_credentials())

    def _keep(self, prover: "Prover | None") -> None:
        """Keep what was made, unless another caller in this thread was faster."""
        if self.prover is None:
            self.prover = prover

    def _read_credentials(self) -> TokenFlow[list[Credential]]:
        if self._credentials.is_literal:
            return self._credentials.read()
        return (yield from call(self._credentials.read))


def _rotation(settings: ClientSettings) -> "Rotation[Any, Any]":
    """Return what reads the credentials of the way to authenticate."""
    certificate = settings.certificate
    if settings.auth_method in {TLS, SELF_SIGNED_TLS} and certificate is not None:
        return Rotation([certificate], _itself, warning=_NOT_READ, is_literal=True)
    if settings.auth_method != PRIVATE_KEY_JWT:
        return SecretRotation(settings.secret_sources)
    sources = settings.key_sources
    is_literal = all(isinstance(source, SigningKey | Literal) for source in sources)
    return Rotation(sources, settings.read_key, warning=_NOT_READ, is_literal=is_literal)


def _names(credentials: Sequence[Credential]) -> list[Secret]:
    """Return what tells the entries of different credentials apart."""
    return [each if isinstance(each, Secret) else Secret(_name(each)) for each in credentials]


def _name(credential: SigningKey | ClientCertificate) -> str:
    if isinstance(credential, ClientCertificate):
        return credential.thumbprint()
    return f"{credential.alg} {credential.kid} {credential.certificate}"


def _itself(certificate: ClientCertificate) -> ClientCertificate:
    return certificate


def _key(settings: ClientSettings, jkt: str) -> tuple[str, ...]:
    """Return everything that a token depends on but the secrets and how they are sent."""
    parameters = urlencode(settings.form_parameters)
    more = (settings.grant_type, urlencode(settings.header_fields))
    requested = (settings.scope, parameters, *more, *settings.resource)
    bound: tuple[str, ...] = (f"DPoP {jkt}",) if jkt else ()
    if settings.certificate is not None:  # the token may be bound to it
        bound += (f"x5t#S256 {settings.certificate.thumbprint()}",)
    return (settings.token_url, settings.client_id, *requested, *bound)
