"""What a guard knows of revocations, and the rules that follow from it. No I/O, no clock.

One thread writes, any may ask: to ask takes no lock.
"""

from gatepass.guard.revocation.feed_page import Page
from gatepass.wire.revoked_ids import RevokedIds

MOST_TOKENS = 10_000_000  # some 400 MB
MOST_APPLICATIONS = 1_000_000
MOST_KEYS = 10_000

_LONGEST_LIFE = 31 * 24 * 3600  # seconds; a token of the issuer's lives 30 days at most
_STAMP = 12  # hex digits of a token's `jti` that tell the millisecond of its issue
_JTI = _STAMP + 32


class Revocations:
    """Revoked tokens, applications whose tokens are void, and keys that were removed.

    A snapshot replaces what was known of applications and keys when it is whole, not before.
    Revoked tokens are only added: none ever becomes good again.
    """

    def __init__(self) -> None:
        self._tokens = RevokedIds()
        self._applications: dict[str, int] = {}
        self._keys: set[str] = set()
        self._snapshot: tuple[dict[str, int], set[str]] | None = None

    def is_revoked(
        self, token_id: str | None, client_id: str, issued_at: float | None, kid: str | None = None
    ) -> bool:
        """Tell whether a token of the feed's issuer is void, as far as the feed has told.

        `token_id` is its `jti`, `issued_at` its `iat` (Unix seconds), `kid` the key that signed
        it. The `jti` has the millisecond of the issue, so that "all tokens void" parts those
        before it from those after; without it, a token of the same second counts as older. Does
        NOT check expiry, nor whether the feed is fresh.
        """
        if kid is not None and kid in self._keys:
            return True
        void_until = self._applications.get(client_id)
        if token_id is not None and len(token_id) == _JTI:
            try:
                if bytes.fromhex(token_id[_STAMP:]) in self._tokens:
                    return True
                if void_until is not None:
                    return int(token_id[:_STAMP], 16) <= void_until
            except ValueError:
                pass  # a name of another form
        return void_until is not None and (issued_at is None or issued_at * 1000 <= void_until)

    def apply(self, page: Page) -> None:
        """Learn what a page tells; raise ValueError where that is more than can be kept."""
        if page.resets:
            self._snapshot = {}, set()
        applications, keys = self._snapshot or (self._applications, self._keys)
        for token_id, expires_at in page.tokens:
            self._tokens.add(token_id, expires_at)
        for client_id, void_until in page.applications.items():
            if void_until:
                applications[client_id] = void_until
            else:
                applications.pop(client_id, None)
        keys.update(page.keys)
        if (
            len(self._tokens) > MOST_TOKENS
            or len(applications) > MOST_APPLICATIONS
            or len(keys) > MOST_KEYS
        ):
            raise ValueError("more than a guard keeps")
        if self._snapshot and not page.more:
            self._applications, self._keys = self._snapshot
            self._snapshot = None

    def prune(self, now: float) -> None:
        """Forget what concerns only tokens that have expired by `now` (Unix seconds)."""
        self._tokens.prune(now)
        oldest = (now - _LONGEST_LIFE) * 1000
        for client_id, void_until in list(self._applications.items()):
            if void_until < oldest:
                del self._applications[client_id]

    def counts(self) -> dict[str, int]:
        """Give how many of each are known."""
        return {
            "tokens": len(self._tokens),
            "applications": len(self._applications),
            "keys": len(self._keys),
        }
