"""The tokens that a fake issuer has issued and revoked. No I/O."""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatepass.guard.revocation.interface import State

_END_OF_TIME = 2**32 - 1  # seconds; the feed has none later
INACTIVE: Mapping[str, object] = {"active": False}


@dataclass(slots=True)
class RevocationList:
    """Tokens and their claims, with the revoked ones in order.

    It is a revocation feed for guards of the same process, which know of a revocation at once;
    `feed_state` is the state that these see. A thread that waits for a revocation holds `changed`.
    """

    feed_state: State = "fresh"
    issued: dict[str, dict[str, object]] = field(default_factory=dict)
    revoked: list[tuple[str, int]] = field(default_factory=list)  # token ids, until when
    revoked_tokens: set[str] = field(default_factory=set)  # tokens
    changed: threading.Condition = field(default_factory=threading.Condition)

    def revoke(self, token: str) -> None:
        """Revoke a token; raise KeyError for one that was not issued here."""
        claims = self.issued[token]
        with self.changed:
            self.revoked_tokens.add(token)
            if isinstance(claims.get("jti"), str):  # by which the feed names tokens
                self.revoked.append((str(claims["jti"]), int(min(_end(claims), _END_OF_TIME))))
            self.changed.notify_all()

    def introspect(self, token: str, now: float) -> Mapping[str, object]:
        """Return the introspection response of a token (RFC 7662 §2.2)."""
        claims = self.issued.get(token)
        if claims is None or _end(claims) <= now or token in self.revoked_tokens:
            return INACTIVE
        cnf = claims.get("cnf")
        is_dpop = isinstance(cnf, Mapping) and "jkt" in cnf  # RFC 9449 §6.2
        return {"active": True, "token_type": "DPoP" if is_dpop else "Bearer"} | claims

    def page(self, cursor: str, now: float) -> dict[str, object]:
        """Return the page of the feed after `cursor`, the first one without a cursor."""
        start = int(cursor.removeprefix("c")) if cursor else 0
        revoked = self.revoked[start:]
        return {
            "time": now,
            "as_of": now,
            "reset": not cursor,
            "more": False,
            "cursor": f"c{start + len(revoked)}",
            # without the time of issue, as in the server's own feed
            "tokens": {token_id[-32:]: until for token_id, until in revoked},
            "applications": {},
            "keys": [],
        }

    def has_page_after(self, cursor: str) -> bool:
        """Return whether there is anything after `cursor`."""
        return not cursor or int(cursor.removeprefix("c")) < len(self.revoked)

    def state(self, _now: float) -> State:
        """Return the state that guards of this process see."""
        return self.feed_state

    def lag(self, _now: float) -> float | None:
        """Return the seconds since the feed was last up to date, None while it is silent."""
        return 0.0 if self.feed_state == "fresh" else None

    def is_revoked(
        self, jti: str | None, _client_id: str, _issued_at: int | None, _kid: str | None
    ) -> bool:
        """Return whether a token was revoked."""
        return any(jti == token_id for token_id, _ in self.revoked)


def _end(claims: Mapping[str, object]) -> float:
    """Return when a token expires; one without `exp`, or with one that is no number, never does."""
    found = claims.get("exp")
    return found if isinstance(found, int | float) and not isinstance(found, bool) else math.inf
