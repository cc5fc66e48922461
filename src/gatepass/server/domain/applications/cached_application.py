"""What memory keeps of an application: what its token requests and its tokens need, in few bytes.

A worker keeps some hundred thousand of them; one has half the size of an `Application`.
What is needed only where a client authenticates for the first time, or for a log, is packed.
"""

import marshal
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from gatepass.server.domain.applications.model import (
    Application,
    RateLimitMode,
    may_request_tokens,
)
from gatepass.server.domain.applications.settings.model import NO_SETTINGS, ApplicationSettings
from gatepass.server.storage.timestamps import milliseconds
from gatepass.wire.networks import Network
from gatepass.wire.scope import Scope

Key = str | bytes
"""What an application is looked up by: its client id, or the bytes of its id."""

_NO_REFERENCES = 2  # marshal's version, by which equal values have equal bytes
_SIZE = 468  # bytes of one, its client id and its place in the cache, beside what is packed
_SIZE_OF_NETWORK = 200


class CachedSecret(NamedTuple):
    """One of an application's secrets; `expires_ms` is in Unix milliseconds.

    `is_legacy`: it was imported and not used since, so it has only another system's hash, which
    the database knows; its digest is random. See `ApplicationSecret`. `is_key`: it stands for one
    of the application's keys, whose id it has. With `validity_ms` it stands for one of its
    certificates: from when until when the one that was presented works, in Unix milliseconds.
    """

    digest: bytes
    id_bytes: bytes
    last_four: str
    expires_ms: int | None
    is_legacy: bool
    ends_on_use_of: bytes | None
    is_key: bool = False
    validity_ms: tuple[int, int] | None = None

    @property
    def id(self) -> UUID:
        """Return its id."""
        return UUID(bytes=self.id_bytes)

    def is_live(self, now: float) -> bool:
        """Return whether it still authenticates at `now` (Unix seconds)."""
        return self.expires_ms is None or now * 1000 < self.expires_ms


@dataclass(slots=True, repr=False)
class CachedApplication:
    """An application as it is kept in memory; see `Application`.

    A token that was issued at `revoked_before_ms` (Unix milliseconds) or before is not valid. What
    changes are notes of the cache: `is_recent`, that it was read; and `was_loaded_now`, that it was
    loaded by its client id, whose client has neither authenticated nor been refused since.
    """

    client_id: str
    id_bytes: bytes
    org_id: UUID
    scope: Scope
    networks: tuple[Network, ...]
    token_lifetime: int
    is_disabled: bool
    is_suspended: bool
    may_request_tokens: bool  # it is a confidential client of this grant type
    revoked_before_ms: int
    rate_limit_mode: RateLimitMode
    rate_limit: int | None
    packed: bytes
    settings: ApplicationSettings = NO_SETTINGS
    is_recent: bool = field(default=False, compare=False)
    was_loaded_now: bool = field(default=False, compare=False)

    def __repr__(self) -> str:
        """Return which it is, without digests."""
        return f"{type(self).__name__}({self.client_id!r})"

    @property
    def id(self) -> UUID:
        """Return its id."""
        return UUID(bytes=self.id_bytes)

    @property
    def name(self) -> str:
        """Return its name."""
        name: str = marshal.loads(self.packed)[0]  # noqa: S302 - `pack` wrote it, in this memory
        return name

    @property
    def secrets(self) -> tuple[CachedSecret, ...]:
        """Return its secrets, the newest last."""
        _, secrets = marshal.loads(self.packed)  # noqa: S302 - as above
        return tuple(map(CachedSecret._make, secrets))

    @property
    def size(self) -> int:
        """Return about how many bytes of memory it takes."""
        return _SIZE + len(self.packed) + _SIZE_OF_NETWORK * len(self.networks)

    def legacy_secret(self, now: float) -> CachedSecret | None:
        """Return its newest secret of which only a hash was imported; `now` is Unix seconds."""
        legacy = (each for each in reversed(self.secrets) if each.is_legacy)
        return next((each for each in legacy if each.is_live(now)), None)

    @classmethod
    def of(cls, application: Application) -> "CachedApplication":
        """Return what memory keeps of an application."""
        by_age = sorted(application.secrets, key=lambda secret: secret.created_at)
        secrets = tuple(
            CachedSecret(
                each.digest,
                each.id.bytes,
                each.last_four,
                None if each.expires_at is None else milliseconds(each.expires_at),
                each.encoded is not None,
                each.ends_on_use_of.bytes if each.ends_on_use_of else None,
            )
            for each in by_age
        )
        return cls(
            client_id=application.client_id,
            id_bytes=application.id.bytes,
            org_id=application.org_id,
            scope=application.scope,
            networks=application.networks,
            token_lifetime=application.token_lifetime,
            is_disabled=application.disabled_at is not None,
            is_suspended=application.org_suspended_at is not None,
            may_request_tokens=may_request_tokens(application.client_type, application.grant_type),
            revoked_before_ms=application.revoked_before_ms,
            rate_limit_mode=application.rate_limit_mode,
            rate_limit=application.rate_limit,
            packed=pack(application.name, secrets),
            settings=NO_SETTINGS if application.settings == NO_SETTINGS else application.settings,
        )


def pack(name: str, secrets: tuple[CachedSecret, ...]) -> bytes:
    """Return what is seldom needed as one object: several take more memory than they hold."""
    return marshal.dumps((name, tuple(map(tuple, secrets))), _NO_REFERENCES)
