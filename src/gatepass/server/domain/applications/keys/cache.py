"""Keys of applications in memory, read when a client first authenticates with one."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.keys.model import ApplicationKey, KeySetting
from gatepass.server.storage.timestamps import milliseconds

SIZE = 5_000  # clients

Find = Callable[[UUID], tuple[list[ApplicationKey], KeySetting]]


class CachedKey(NamedTuple):
    """A key of an application; `expires_ms` is in Unix milliseconds."""

    id_bytes: bytes
    key: ClientKey
    name: str
    expires_ms: int | None

    def is_live(self, now: float) -> bool:
        """Return whether assertions that it signs are accepted at `now` (Unix seconds)."""
        return self.expires_ms is None or now * 1000 < self.expires_ms


class CachedKeys(NamedTuple):
    """The keys of `application`, None for a client that does not exist, which has none."""

    application: CachedApplication | None
    keys: tuple[CachedKey, ...]
    setting: KeySetting


class KeyCache:
    """Keys by client id, for as long as the application in memory is the same.

    Each change of an application, its keys included, replaces it in memory. What is read after it
    is as new. `find` blocks.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._kept: BoundedCache[str, CachedKeys] = BoundedCache(SIZE)

    def __len__(self) -> int:
        """Return of how many clients memory has the keys."""
        return len(self._kept)

    def get(self, client_id: str, application: CachedApplication | None) -> CachedKeys | None:
        """Return the keys, None if they must be loaded."""
        found = self._kept.get(client_id)
        return found if found is not None and found.application is application else None

    def load(self, client_id: str, application: CachedApplication | None) -> None:
        """Read the keys from the database; for an unknown client the same is asked."""
        keys, setting = self._find(application.id if application else uuid4())
        cached = tuple(
            CachedKey(
                each.id.bytes,
                each.key,
                each.name,
                None if each.expires_at is None else milliseconds(each.expires_at),
            )
            for each in keys
        )
        self._kept.put(client_id, CachedKeys(application, cached, setting))
