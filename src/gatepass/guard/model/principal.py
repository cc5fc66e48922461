"""The caller and what it may do, read from an access token's members. Pure.

An opaque token's members are those of its introspection response (RFC 7662 §2.2), a JWT's are its
claims (RFC 9068 §2.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from ipaddress import ip_network
from typing import Any, Self, cast

from gatepass.guard.model import claims as read
from gatepass.guard.model.claim_names import ClaimNames
from gatepass.guard.model.expectation import Expectation
from gatepass.jose import confirmation as cnf
from gatepass.jose.confirmation import Confirmation
from gatepass.wire import credential
from gatepass.wire.bearer import invalid_token
from gatepass.wire.credential import ENVIRONMENTS
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import allows
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

_CLAIMS = frozenset(
    {"active", "allowed_networks", "aud", "cnf", "exp", "iat", "iss", "nbf", "sub", "token_type"}
)


def claims_of(names: ClaimNames) -> frozenset[str]:
    """Return the members that are read here; a cache of responses needs no others."""
    return _CLAIMS | {names.client_id, names.scope, names.org_id, names.token_id, names.environment}


@dataclass(frozen=True, slots=True)
class Principal:
    """The calling application, authenticated by its access token.

    `expires_at` and `issued_at` are seconds since 1970; `expires_at` is None if a `lenient` guard
    finds none in an introspection response. `sub` is the client id if the issuer names no subject;
    `org_id` and `networks` (from which the token may be used; without any, from anywhere) are
    Gatepass's extensions. `client_id` identifies the application: it never changes, and is never
    used for another. `environment` is "production" or "sandbox" if an opaque token or the issuer
    names it, else None. `confirmation` is the key or certificate that the token is bound to; a
    guard has checked that the sender has it.
    """

    client_id: str
    sub: str
    org_id: str | None
    scope: Scope
    expires_at: int | None
    issued_at: int | None
    token_id: str | None
    audience: tuple[str, ...]
    issuer: str
    networks: tuple[str, ...] = ()
    environment: str | None = None
    confirmation: Confirmation | None = None

    @classmethod
    def from_introspection(
        cls,
        answer: Mapping[str, object],
        expect: Expectation,
        *,
        now: float,
        environment: str | None = None,
        may_be_bound: bool = False,
    ) -> Self:
        """Return the caller from an introspection response, at `now` (seconds since 1970).

        `environment` is the one that the token itself names, if any. A token that is bound to a
        key or a certificate is refused unless it `may_be_bound`: then the calling function checks
        that the sender has what `confirmation` names.

        Checks that the token is active, every member's type, expiry, issuer (exactly) and, if
        a resource is expected, audience; raises OAuthError (`invalid_token`). A member of the
        wrong type is refused, never ignored. Does NOT check scope (see `requires`), organization,
        or that the response came from the issuer, which is up to the calling function.
        """
        if answer.get("active") is not True:
            raise invalid_token("not active")
        # RFC 7662 §2.2 requires neither `exp` nor that times have no fraction.
        answer = _without_nulls(answer) if expect.lenient else answer
        seconds = _whole_seconds if expect.lenient else read.seconds
        confirmation = _confirmation(answer, may_be_bound=may_be_bound)
        expires_at = seconds(answer, "exp")
        if expires_at is None and not expect.lenient:
            raise read.wrong("exp")
        if expires_at is not None and expires_at <= now:
            raise invalid_token("expired")  # no leeway: the issuer has checked it by its own clock
        _check_begun(seconds(answer, "nbf"), now + expect.leeway)
        names = expect.claims
        client_id = read.required_text(answer, names.client_id)
        # RFC 7662 §2.2 makes `iss` optional; the response came from the issuer itself.
        omits_issuer = expect.lenient and "iss" not in answer
        return cls(
            client_id=client_id,
            sub=read.text(answer, "sub") or client_id,
            org_id=read.text(answer, names.org_id),
            scope=read.scope(answer, names.scope, may_be_list=expect.lenient),
            expires_at=expires_at,
            issued_at=seconds(answer, "iat"),
            token_id=read.text(answer, names.token_id),
            audience=read.audience(answer, expect.resource),
            issuer=expect.issuer if omits_issuer else read.issuer(answer, expect.issuer),
            networks=read.networks(answer),
            environment=environment or read.text(answer, names.environment),
            confirmation=confirmation,
        )

    @classmethod
    def from_claims(
        cls,
        claims: Mapping[str, object],
        expect: Expectation,
        *,
        now: float,
        may_be_bound: bool = False,
    ) -> Self:
        """Return the caller from the claims of a JWT access token (RFC 9068 §2.2, §4), at `now`.

        Checks that all required claims are there, every claim's type, expiry, beginning and
        time of issue (each with the leeway of `expect`), issuer (exactly) and audience, and that
        the token is not bound to a key unless it `may_be_bound` (as in `from_introspection`);
        raises OAuthError (`invalid_token`). Does NOT check the
        signature and the type of the token (see `gatepass.guard.jwt.access_token`), scope (see
        `requires`), organization, or revocation. Raises ValueError if `expect` names no resource.
        """
        if expect.resource is None:  # RFC 9068 §4: without it, any API's token would do
            raise ValueError("to verify tokens locally, an API must name its resource")
        claims = _without_nulls(claims) if expect.lenient else claims
        confirmation = None
        if "cnf" in claims or "token_type" in claims:
            confirmation = _confirmation(claims, may_be_bound=may_be_bound)
        expires_at, issued_at = _check_times(claims, expect, now)
        names = expect.claims
        # RFC 9068 §2.2 requires what a lenient guard does not.
        text = read.text if expect.lenient else read.required_text
        client_id = read.required_text(claims, names.client_id)
        # As `cls(...)`, in a third of its time, which is a tenth of a verification's own.
        made = _Unfrozen(
            client_id,
            text(claims, "sub") or client_id,
            read.text(claims, names.org_id),
            read.scope(claims, names.scope, may_be_list=expect.lenient),
            int(expires_at),
            None if issued_at is None else int(issued_at),
            text(claims, names.token_id),
            read.audience(claims, expect.resource),
            read.issuer(claims, expect.issuer),
            read.networks(claims),
            read.text(claims, names.environment),
            confirmation,
        )
        made.__class__ = cls
        return cast("Self", made)

    @staticmethod
    def environment_of(token: Secret) -> str | None:
        """Return the environment that an opaque token names in its prefix, which proves nothing."""
        found = credential.read(token.value)
        return None if found is None else ENVIRONMENTS[found.mode]

    def comes_from(self, source: str | None) -> None:
        """Raise OAuthError (`invalid_token`) for a request from outside the token's networks.

        An unknown address is in none of them. `source` must be the caller's own: behind a proxy,
        the one that the server finds in forwarding headers that it trusts.
        """
        if not allows(map(ip_network, self.networks), source or ""):
            raise invalid_token(
                f"client {self.client_id!r} is not allowed from {source or 'nowhere'}"
            )

    def requires(self, scope: Scope) -> None:
        """Raise OAuthError (`insufficient_scope`, RFC 6750 §3.1) unless all of `scope` is granted.

        Does NOT check expiry again.
        """
        missing = scope.without(self.scope)
        if missing.names:
            raise OAuthError(
                "insufficient_scope",
                f"This needs the scope {scope}; the access token lacks {missing}.",
                log_detail=f"client {self.client_id!r} lacks {missing}",
            )

    def requires_any(self, scope: Scope) -> None:
        """Raise OAuthError (`insufficient_scope`) unless one of `scope` is granted."""
        if not any(name in self.scope for name in scope.names):
            raise OAuthError(
                "insufficient_scope",
                f"This needs one of the scopes {scope}; the access token has none of them.",
                log_detail=f"client {self.client_id!r} has none of {scope}",
            )


# A frozen dataclass sets its attributes by a call for each.
_Unfrozen: Any = make_dataclass("_Unfrozen", Principal.__slots__, slots=True)


def _without_nulls(members: Mapping[str, object]) -> Mapping[str, object]:
    """Return the members that are not null; those that restrict a token stay, and are refused."""
    return {
        name: value
        for name, value in members.items()
        if value is not None or name in {"cnf", "allowed_networks"}
    }


def _whole_seconds(members: Mapping[str, object], name: str) -> int | None:
    """Return a time without its fraction, or None if it is missing."""
    value = read.time(members, name)
    return None if value is None else int(value)


def _confirmation(members: Mapping[str, object], *, may_be_bound: bool) -> Confirmation | None:
    """Return what a token is bound to, None for a bearer token (RFC 7800 §3.1, RFC 9449 §6)."""
    kind = "bearer"
    if "token_type" in members:
        kind = read.required_text(members, "token_type").lower()
    try:
        found = cnf.read(members["cnf"]) if "cnf" in members else None
    except ValueError as error:
        raise invalid_token(str(error)) from None
    is_dpop = found is not None and found.jkt is not None
    if ("cnf" in members and (found is None or not may_be_bound)) or (
        kind != "bearer" and not (kind == "dpop" and is_dpop)
    ):
        raise invalid_token("not a bearer token")
    return found


def _check_times(
    claims: Mapping[str, object], expect: Expectation, now: float
) -> tuple[float, float | None]:
    """Return `exp` and `iat` of a JWT that is valid at `now`; raise OAuthError.

    RFC 9068 §2.2 requires both; a lenient guard only the first.
    """
    expires_at = read.required_time(claims, "exp")
    if expires_at + expect.leeway <= now:
        raise invalid_token("expired")
    issued_at = (read.time if expect.lenient else read.required_time)(claims, "iat")
    _check_begun(issued_at, now + expect.leeway)
    if "nbf" in claims:
        _check_begun(read.required_time(claims, "nbf"), now + expect.leeway)
    return expires_at, issued_at


def _check_begun(begins_at: float | None, latest: float) -> None:
    if begins_at is not None and begins_at > latest:
        raise invalid_token("not valid yet")
