"""A guard with all that its tests need: an issuer over real HTTP, a clock, a feed."""

from collections.abc import Mapping
from typing import Any

from gatepass.guard import Guard, Request
from gatepass.guard.revocation.interface import State
from gatepass.testing import Clock
from guard.fake_issuer import CLIENT_ID, CLIENT_SECRET, FakeAuthorizationServer
from guard.tokens import API, Issuer, claims, header

START = 1_800_000_000.0
HOUR = 3600


class Feed:
    """The state of revocations, as a test sets it."""

    def __init__(self) -> None:
        self.feed_state: State = "fresh"
        self.revoked: set[str | None] = set()
        self.asked: list[tuple[object, ...]] = []

    def state(self, now: float) -> State:
        return self.feed_state if now >= START else "stale"

    def lag(self, now: float) -> float | None:
        return now - START

    def is_revoked(
        self, jti: str | None, client_id: str, issued_at: int | None, kid: str | None
    ) -> bool:
        self.asked.append((jti, client_id, issued_at, kid))
        return jti in self.revoked


class Setup:
    """An issuer of JWTs that also introspects, and guards before an API of its."""

    def __init__(self, server: FakeAuthorizationServer, issuer: Issuer) -> None:
        self.server = server
        self.issuer = issuer
        self.clock = Clock(START)
        self.feed = Feed()
        self._made: list[Guard] = []
        self.publish("ES256", "RS256")

    def publish(self, *algorithms: str, **changed: object) -> None:
        self.server.publishes(*(self.issuer.jwk(alg) | changed for alg in algorithms))

    def guard(self, **options: Any) -> Guard:  # noqa: ANN401 - any setting
        """Return a guard that knows its resource and has credentials."""
        settings: dict[str, Any] = {
            "resource": API,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "clock": self.clock,
        } | options
        made = Guard(self.server.issuer, **settings)
        self._made.append(made)
        return made

    def jwt(
        self,
        alg: str = "ES256",
        head: Mapping[str, object] | None = None,
        **changed: Any,  # noqa: ANN401 - any claim
    ) -> str:
        """Return a JWT that is issued now."""
        now = int(self.clock.now)
        body = claims(iss=self.server.issuer, iat=now, exp=now + HOUR) | changed
        body = {name: value for name, value in body.items() if value is not None}
        return self.issuer.token(alg, head or header(alg), body)

    def close(self) -> None:
        self.server.hold.set()
        for guard in self._made:
            guard.close()


def bearer_request(token: str, **more: Any) -> Request:  # noqa: ANN401 - any field
    return Request((f"Bearer {token}",), **more)
