"""Where a new token comes from: the cache that processes share, else the token endpoint."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol
from urllib.parse import urlencode

from gatepass.client.errors import TokenRefused
from gatepass.client.secrets.rotation import SecretRotation
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.drivers import TokenFlow, call
from gatepass.client.tokens.request import RetryLimits, request_token
from gatepass.client.tokens.token import CachedToken, State
from gatepass.wire.secret import Secret

_log = logging.getLogger("gatepass.client")

_READS = 2  # of the secrets: a refused one may just have been rotated


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
        self._secrets = SecretRotation(settings.secret_sources)

    def get(
        self, stale: CachedToken | None, rejected: Secret | None, limits: RetryLimits
    ) -> TokenFlow[CachedToken]:
        """Return a token that is newer than `stale` and is not `rejected`, or raise a ClientError.

        While another process renews the shared token, returns `stale` itself.
        """
        secrets = yield from self._read_secrets()
        if self._cache is None:
            return (yield from self._request(secrets, limits))
        find = partial(self._cache.entry, _key(self._settings), secrets)
        entry = yield from call(find)
        return (yield from self._share(entry, secrets, stale, rejected, limits))

    def get_separately(self, limits: RetryLimits) -> TokenFlow[CachedToken]:
        """Request a token without the cache, while another caller is in the middle of `get`."""
        secrets = yield from self._read_secrets()
        return (yield from self._request(secrets, limits))

    def _share(
        self,
        entry: Entry,
        secrets: list[Secret],
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
            token = yield from self._request(secrets, limits)
            yield from call(partial(entry.write, token))
            return token
        finally:
            entry.unlock()

    def _is_better(
        self, found: CachedToken, stale: CachedToken | None, rejected: Secret | None
    ) -> bool:
        """Return whether a token of another process makes a request unnecessary."""
        if found.response.access_token == rejected:
            return False
        state = found.state(self._now())
        return state is State.FRESH or (stale is None and state is State.STALE)

    def _request(self, secrets: list[Secret], limits: RetryLimits) -> TokenFlow[CachedToken]:
        """Try one secret after the other; read them again where all were refused."""
        tried: set[Secret] = set()
        refusal: TokenRefused | None = None
        for attempt in range(_READS):
            if attempt:
                secrets = yield from self._read_secrets()
            for secret in secrets:
                if secret in tried:
                    continue
                tried.add(secret)
                try:
                    token = yield from request_token(
                        self._settings, secret, limits, self._now, self._random
                    )
                except TokenRefused as error:
                    if not error.is_of_the_secret:
                        raise
                    refusal = error
                    _log.info("client secret refused, looking for another one")
                else:
                    if refusal is not None:
                        _log.info("another client secret works: it was rotated")
                    self._secrets.prefer(secret)
                    return token
        raise refusal or AssertionError("there is always a secret")

    def _read_secrets(self) -> TokenFlow[list[Secret]]:
        if self._secrets.is_literal:
            return self._secrets.read()
        return (yield from call(self._secrets.read))


def _key(settings: ClientSettings) -> tuple[str, ...]:
    """Return everything that a token depends on but the secrets and how they are sent."""
    parameters = urlencode(settings.form_parameters)
    more = (settings.grant_type, urlencode(settings.header_fields))
    requested = (settings.scope, parameters, *more, *settings.resource)
    return (settings.token_url, settings.client_id, *requested)
