"""What a pretended issuer has given out and revoked, and what it answers about that. No I/O."""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatepass.guard.revocation.interface import State

_END_OF_TIME = 2**32 - 1  # seconds; the feed has none later
INACTIVE: Mapping[str, object] = {"active": False}


@dataclass(slots=True)
class RevocationList:
    """Tokens and their claims, revoked ones in order; `heard` is what a guard's feed says.

    It is itself such a feed for guards of the same process: one that knows at once. Whoever
    waits for news holds `news`.
    """

    heard: State = "fresh"
    given: dict[str, dict[str, object]] = field(default_factory=dict)
    revoked: list[tuple[str, int]] = field(default_factory=list)  # token ids, until when
    void: set[str] = field(default_factory=set)  # tokens
    news: threading.Condition = field(default_factory=threading.Condition)

    def revoke(self, token: str) -> None:
        """Void a token for good; raise KeyError for one that was not given out here."""
        claims = self.given[token]
        with self.news:
            self.void.add(token)
            if isinstance(claims.get("jti"), str):  # by which the feed names tokens
                self.revoked.append((str(claims["jti"]), int(min(_end(claims), _END_OF_TIME))))
            self.news.notify_all()

    def introspect(self, token: str, now: float) -> Mapping[str, object]:
        """Answer about a token (RFC 7662 §2.2)."""
        claims = self.given.get(token)
        if claims is None or _end(claims) <= now or token in self.void:
            return INACTIVE
        return {"active": True, "token_type": "Bearer"} | claims

    def page(self, cursor: str, now: float) -> dict[str, object]:
        """Give what the feed tells from `cursor` on, or from the beginning without one."""
        start = int(cursor.removeprefix("c")) if cursor else 0
        told = self.revoked[start:]
        return {
            "time": now,
            "as_of": now,
            "reset": not cursor,
            "more": False,
            "cursor": f"c{start + len(told)}",
            # without the millisecond of its issue: as the server's own feed names a token
            "tokens": {token_id[-32:]: until for token_id, until in told},
            "applications": {},
            "keys": [],
        }

    def has_news(self, cursor: str) -> bool:
        """Tell whether there is anything behind `cursor`."""
        return not cursor or int(cursor.removeprefix("c")) < len(self.revoked)

    def state(self, _now: float) -> State:
        """Tell what a guard of this process shall believe of its feed."""
        return self.heard

    def lag(self, _now: float) -> float | None:
        """Tell for how long nothing was heard: no time at all."""
        return 0.0 if self.heard == "fresh" else None

    def is_revoked(
        self, jti: str | None, _client_id: str, _issued_at: int | None, _kid: str | None
    ) -> bool:
        """Tell whether a token was revoked."""
        return self._is_void(jti)

    def _is_void(self, token_id: object) -> bool:
        return any(token_id == each for each, _ in self.revoked)


def _end(claims: Mapping[str, object]) -> float:
    """Return when a token expires; one without `exp`, or with one that is no number, never does."""
    found = claims.get("exp")
    return found if isinstance(found, int | float) and not isinstance(found, bool) else math.inf
