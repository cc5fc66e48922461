"""The revocations that a guard knows, and the rules for applying them. No I/O, no clock.

One thread writes, any may read, without a lock.
"""

from gatepass.guard.revocation.feed_page import Page
from gatepass.wire.revoked_ids import RevokedIds

MOST_TOKENS = 10_000_000  # some 400 MB
MOST_APPLICATIONS = 1_000_000
MOST_KEYS = 10_000

_LONGEST_LIFE = 31 * 24 * 3600  # seconds; a token of the issuer's lives 30 days at most
_STAMP = 12  # hex digits of a token's `jti` that tell the millisecond of its issue
_JTI = _STAMP + 32


class RevocationState:
    """Revoked tokens, applications whose tokens are revoked, and keys that were removed.

    A snapshot replaces applications and keys when it is complete, not before. Revoked tokens are
    only added: none ever becomes valid again.
    """

    def __init__(self) -> None:
        self._tokens = RevokedIds()
        self._applications: dict[str, int] = {}
        self._keys: set[str] = set()
        self._snapshot: tuple[dict[str, int], set[str]] | None = None

    def is_revoked(
        self, token_id: str | None, client_id: str, issued_at: float | None, kid: str | None = None
    ) -> bool:
        """Return whether a token of the feed's issuer is revoked, as far as the feed was read.

        `token_id` is its `jti`, `issued_at` its `iat` (Unix seconds), `kid` the key that signed
        it. The `jti` has the millisecond of the issue, so that "Revoke all tokens" separates
        tokens from before it and after; without a `jti`, a token of the same second counts as
        older. Does NOT check expiry, nor whether the feed is fresh.
        """
        if kid is not None and kid in self._keys:
            return True
        revoked_before = self._applications.get(client_id)
        if token_id is not None and len(token_id) == _JTI:
            try:
                if bytes.fromhex(token_id[_STAMP:]) in self._tokens:
                    return True
                if revoked_before is not None:
                    return int(token_id[:_STAMP], 16) <= revoked_before
            except ValueError:
                pass  # a `jti` of another form
        return revoked_before is not None and (
            issued_at is None or issued_at * 1000 <= revoked_before
        )

    def apply(self, page: Page) -> None:
        """Apply a page; raise ValueError if there is more than can be kept."""
        if page.resets:
            self._snapshot = {}, set()
        applications, keys = self._snapshot or (self._applications, self._keys)
        for token_id, expires_at in page.tokens:
            self._tokens.add(token_id, expires_at)
        for client_id, revoked_before in page.applications.items():
            if revoked_before:
                applications[client_id] = revoked_before
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
        """Remove what concerns only tokens that have expired by `now` (Unix seconds)."""
        self._tokens.prune(now)
        oldest = (now - _LONGEST_LIFE) * 1000
        for client_id, revoked_before in list(self._applications.items()):
            if revoked_before < oldest:
                del self._applications[client_id]

    def counts(self) -> dict[str, int]:
        """Return the number of each."""
        return {
            "tokens": len(self._tokens),
            "applications": len(self._applications),
            "keys": len(self._keys),
        }
