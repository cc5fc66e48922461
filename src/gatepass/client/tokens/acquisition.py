"""Where a new token comes from: another process's, else the token endpoint's."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol
from urllib.parse import urlencode

from gatepass.client.errors import TokenRefused
from gatepass.client.secrets.rotation import SecretRotation
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.drivers import Steps, call
from gatepass.client.tokens.request import Patience, ask
from gatepass.client.tokens.token import CachedToken, State
from gatepass.wire.secret import Secret

_log = logging.getLogger("gatepass.client")

_READINGS = 2  # of the secret: a refused one may have been rotated a moment ago


class Entry(Protocol):
    """Where a token stands that several processes share; made for one renewal. Never raises."""

    def read(self) -> CachedToken | None:
        """Give the token, None where there is no good one."""
        ...

    def write(self, token: CachedToken) -> None:
        """Let the other processes have `token`."""
        ...

    def lock(self, timeout: float) -> bool:
        """Keep others from renewing; wait at most `timeout` seconds for those who do."""
        ...

    def unlock(self) -> None:
        """Let others renew; a `lock` that is still waiting gives up what it gets."""
        ...


class Cache(Protocol):
    """Tokens that processes share, by all that a token depends on."""

    def entry(self, key: Sequence[str], secrets: Sequence[Secret]) -> Entry:
        """Find the place of one token; `key` has everything but the secrets. May take a while."""
        ...


class Acquisition:
    """Gets tokens for one client, scope and resource; used by one caller at a time."""

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
        self, spare: CachedToken | None, refused: Secret | None, patience: Patience
    ) -> Steps[CachedToken]:
        """Give a token that is newer than `spare` and is not `refused`, or raise a ClientError.

        While another process renews the token that they share, `spare` itself is given.
        """
        secrets = yield from self._read()
        if self._cache is None:
            return (yield from self._ask(secrets, patience))
        find = partial(self._cache.entry, _key(self._settings), secrets)
        entry = yield from call(find)
        return (yield from self._share(entry, secrets, spare, refused, patience))

    def get_apart(self, patience: Patience) -> Steps[CachedToken]:
        """Return a token of the token endpoint, though another caller is in the middle of `get`."""
        secrets = yield from self._read()
        return (yield from self._ask(secrets, patience))

    def _share(
        self,
        entry: Entry,
        secrets: list[Secret],
        spare: CachedToken | None,
        refused: Secret | None,
        patience: Patience,
    ) -> Steps[CachedToken]:
        found = yield from call(entry.read)
        if found is not None and self._is_better(found, spare, refused):
            return found
        try:
            wait = 0.0 if spare else max(0.0, patience.until - self._now())
            is_ours = yield from call(partial(entry.lock, wait))
            found = yield from call(entry.read)
            if found is not None and self._is_better(found, spare, refused):
                return found
            if spare is not None and not is_ours:
                return spare
            token = yield from self._ask(secrets, patience)
            yield from call(partial(entry.write, token))
            return token
        finally:
            entry.unlock()

    def _is_better(
        self, found: CachedToken, spare: CachedToken | None, refused: Secret | None
    ) -> bool:
        """Tell whether a token of another process saves us a request."""
        if found.response.access_token == refused:
            return False
        state = found.state(self._now())
        return state is State.FRESH or (spare is None and state is State.STALE)

    def _ask(self, secrets: list[Secret], patience: Patience) -> Steps[CachedToken]:
        """Ask with one secret after the other; read them again where all were refused."""
        tried: set[Secret] = set()
        refusal: TokenRefused | None = None
        for reading in range(_READINGS):
            if reading:
                secrets = yield from self._read()
            for secret in secrets:
                if secret in tried:
                    continue
                tried.add(secret)
                try:
                    token = yield from ask(
                        self._settings, secret, patience, self._now, self._random
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

    def _read(self) -> Steps[list[Secret]]:
        if self._secrets.is_at_hand:
            return self._secrets.read()
        return (yield from call(self._secrets.read))


def _key(settings: ClientSettings) -> tuple[str, ...]:
    """Name all that a token depends on but the secret, and the way that is sent."""
    parameters = urlencode(settings.form_parameters)
    more = (settings.grant_type, urlencode(settings.header_fields))
    asked = (settings.scope, parameters, *more, *settings.resource)
    return (settings.token_url, settings.client_id, *asked)
