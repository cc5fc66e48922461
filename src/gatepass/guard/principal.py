"""Who calls and what they may do, read from an introspection answer (RFC 7662 §2.2). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from gatepass.guard.expectation import Expectation
from gatepass.wire.problem import Refused
from gatepass.wire.scope import Scope

# Every member that is read here; a guard that remembers answers needs to keep no other.
CLAIMS = frozenset(
    {"active", "aud", "client_id", "cnf", "exp", "iat", "iss", "jti", "nbf", "org_id", "scope"}
    | {"sub", "token_type"}
)

_EARLY = 10  # seconds that the issuer's clock may be ahead of ours
_YEAR_10000 = 253_402_300_800


@dataclass(frozen=True, slots=True)
class Principal:
    """The application that calls, proven by its access token.

    `expires_at` and `issued_at` are seconds since 1970. `sub` is the client id where the
    issuer names no subject; `org_id` is Gatepass's own addition to the answer.
    """

    client_id: str
    sub: str
    org_id: str | None
    scope: Scope
    expires_at: int
    issued_at: int | None
    token_id: str | None
    audience: tuple[str, ...]
    issuer: str

    @classmethod
    def from_introspection(
        cls, answer: Mapping[str, object], expect: Expectation, *, now: float
    ) -> Self:
        """Read an introspection answer as it stands at `now` (seconds since 1970).

        Checks that the token is active, every member's type, expiry, issuer (exactly) and,
        where a resource is expected, audience; raises Refused (`invalid_token`). A member of
        the wrong type is refused, never taken for absent. Does NOT check scope (see
        `requires`), organization, or that the answer came from the issuer (its caller's part).
        """
        if answer.get("active") is not True:
            raise _invalid("not active")
        _check_unbound(answer)
        _check_times(answer, now)
        client_id = _required_text(answer, "client_id")
        return cls(
            client_id=client_id,
            sub=_text(answer, "sub") or client_id,
            org_id=_text(answer, "org_id"),
            scope=_scope(answer),
            expires_at=_required_seconds(answer, "exp"),
            issued_at=_seconds(answer, "iat"),
            token_id=_text(answer, "jti"),
            audience=_audience(answer, expect.resource),
            issuer=_issuer(answer, expect.issuer),
        )

    def requires(self, wanted: Scope) -> None:
        """Refuse (`insufficient_scope`, RFC 6750 §3.1) unless every one of `wanted` was granted.

        Does NOT check expiry again.
        """
        missing = wanted.without(self.scope)
        if missing.names:
            raise Refused(
                "insufficient_scope",
                f"This needs the scope {wanted}; the access token lacks {missing}.",
                note=f"client {self.client_id!r} lacks {missing}",
            )


def _check_unbound(answer: Mapping[str, object]) -> None:
    """Refuse a token that is bound to a key: a bearer has not shown it (RFC 9449 §7.2)."""
    kind = _text(answer, "token_type")
    if "cnf" in answer or (kind or "bearer").lower() != "bearer":
        raise _invalid("not a bearer token")


def _check_times(answer: Mapping[str, object], now: float) -> None:
    if _required_seconds(answer, "exp") <= now:
        raise _invalid("expired")
    if (_seconds(answer, "nbf") or 0) > now + _EARLY:
        raise _invalid("not valid yet")


def _issuer(answer: Mapping[str, object], expected: str) -> str:
    issuer = _required_text(answer, "iss")
    if issuer != expected:
        raise _invalid("of another issuer")
    return issuer


def _audience(answer: Mapping[str, object], resource: str | None) -> tuple[str, ...]:
    found = answer.get("aud", [])
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list | tuple):
        raise _wrong("aud")
    audience = tuple(name for name in listed if isinstance(name, str))
    if len(audience) != len(listed):
        raise _wrong("aud")
    if resource is not None and resource not in audience:
        raise _invalid("for another audience")
    return audience


def _scope(answer: Mapping[str, object]) -> Scope:
    text = answer.get("scope", "")
    if not isinstance(text, str):
        raise _wrong("scope")
    try:
        return Scope.parse(text)
    except Refused:
        raise _wrong("scope") from None


def _text(answer: Mapping[str, object], name: str) -> str | None:
    if name not in answer:
        return None
    value = answer[name]
    if not isinstance(value, str) or not value:
        raise _wrong(name)
    return value


def _required_text(answer: Mapping[str, object], name: str) -> str:
    value = _text(answer, name)
    if value is None:
        raise _wrong(name)
    return value


def _seconds(answer: Mapping[str, object], name: str) -> int | None:
    if name not in answer:
        return None
    value = answer[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _YEAR_10000:
        raise _wrong(name)
    return value


def _required_seconds(answer: Mapping[str, object], name: str) -> int:
    value = _seconds(answer, name)
    if value is None:
        raise _wrong(name)
    return value


def _wrong(name: str) -> Refused:
    return _invalid(f"the answer's {name} is missing or malformed")


def _invalid(why: str) -> Refused:
    """One sentence for every reason: a caller learns from it nothing about others' tokens."""
    return Refused(
        "invalid_token",
        "The access token is expired, revoked, or not valid here.",
        note=why,
    )
