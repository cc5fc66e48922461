"""Forward authentication: a gateway asks about each request before it lets it through.

The gateway sends the request's headers here; what the route needs stands in the query of its
own address for us (`scope`, `audience`, `organization`), never in what the caller sent. 2xx
lets the request pass, with who calls in headers of the answer; 401 and 403 do not (RFC 6750).
"""

import json
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from gatepass.server.applications.model import Application
from gatepass.server.arrival import Answer, Arrived
from gatepass.server.environment import Environment
from gatepass.server.introspect import owner_of, stands_behind, unexpired
from gatepass.server.token.claims import Claims
from gatepass.server.token.client import check_memory
from gatepass.wire import bearer
from gatepass.wire.network import allows
from gatepass.wire.params import read_form
from gatepass.wire.problem import Refused
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

ASSERTION_LIVES = 60  # seconds

_PLAIN = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


class Wanted(NamedTuple):
    """What a route needs of a token; without audience or organization any will do."""

    scope: Scope
    audience: str | None
    org_id: UUID | None


class Denied(Refused):
    """A refusal that is told as a bearer challenge (RFC 6750 §3), not as a token error."""

    def __init__(self, refused: Refused | None, wanted: Wanted, realm: str) -> None:
        cause = refused or Refused("invalid_token", "Send an access token.", note="no token")
        super().__init__(
            cause.code, cause.say, note=cause.note, reason=cause.reason, status=cause.status
        )
        self.retry_after = cause.retry_after
        self.challenge = bearer.challenge(refused, realm=realm, scope=wanted.scope)

    def answer(self) -> Answer:
        """Give the answer: a status and a challenge, as a gateway passes them on."""
        headers = (*_PLAIN, (b"www-authenticate", self.challenge.encode()))
        return Answer(self.status, headers, b"")


def verify(environment: Environment, arrived: Arrived) -> Answer:
    """Answer a gateway: 200 with who calls, or Denied (401, 403); Refused for a wrong question.

    Checks that the token is active, its audience, scope and organization as the query asks,
    and the networks of its application. Does NOT look at the method or address of the request
    that the gateway holds.
    """
    wanted = _wanted(arrived.query)
    check_memory(environment)
    try:
        token = _token(arrived)
        refused = None
        if token is not None:
            return _admitted(environment, arrived, token, wanted)
    except Refused as caught:
        refused = caught
    raise Denied(refused, wanted, environment.issuer)


def _admitted(environment: Environment, arrived: Arrived, token: Secret, wanted: Wanted) -> Answer:
    claims = unexpired(environment, token)
    owner = owner_of(environment.directory, claims) if claims else None
    if claims is None or owner is None or not stands_behind(owner, claims):
        raise _invalid("the token is not active")
    if not allows(owner.networks, arrived.source):
        raise _invalid("the source is in none of the application's networks")
    return _pass(environment, arrived, claims, owner, wanted)


def _pass(
    environment: Environment, arrived: Arrived, claims: Claims, owner: Application, wanted: Wanted
) -> Answer:
    key, now = (claims.token_id, arrived.query), environment.clock()
    passes = environment.passes
    answer = passes.recall(key, claims, owner, now)
    if answer is None:
        audience = claims.audience or (environment.partner_api,)
        _check(wanted, claims, audience, owner)
        named = (wanted.audience,) if wanted.audience else audience
        assertion = _assertion(environment, claims, owner, named, int(now))
        answer = passes.keep(key, claims, owner, now, _answer(claims, owner, assertion))
    return answer


def _check(wanted: Wanted, claims: Claims, audience: tuple[str, ...], owner: Application) -> None:
    if wanted.audience and wanted.audience not in audience:
        raise _invalid("the token is for another audience")
    if wanted.org_id and wanted.org_id != owner.org_id:
        raise Refused(
            "insufficient_scope",
            "The access token is another organization's.",
            note="another organization's token",
        )
    missing = wanted.scope.without(Scope.parse(claims.scope))
    if missing.names:
        raise Refused(
            "insufficient_scope",
            f"This needs the scope {wanted.scope}; the access token lacks {missing}.",
            note=f"the token lacks {missing}",
        )


def _answer(claims: Claims, owner: Application, assertion: str) -> Answer:
    """Give the answer with every identity header: one that is left out could be forged."""
    headers = (
        (b"x-auth-client-id", owner.client_id.encode()),
        (b"x-auth-org-id", str(owner.org_id).encode()),
        (b"x-auth-scope", claims.scope.encode()),
        (b"x-auth-expires", b"%d" % claims.expires_at),
        (b"x-auth-assertion", assertion.encode()),
    )
    return Answer(200, (*_PLAIN, *headers), b"")


def _assertion(
    environment: Environment,
    claims: Claims,
    owner: Application,
    audience: tuple[str, ...],
    now: int,
) -> str:
    """Give who calls as a signed JWT, for a backend that trusts no plain header.

    Its `typ` is JWT, so nobody takes it for an access token (RFC 9068 §2.1).
    """
    said = {
        "iss": environment.issuer,
        "sub": owner.client_id,
        "client_id": owner.client_id,
        "org_id": str(owner.org_id),
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "scope": claims.scope,
        "iat": now,
        "exp": min(now + ASSERTION_LIVES, claims.expires_at),
        "jti": claims.jti,
    }
    payload = json.dumps(said, separators=(",", ":")).encode()
    return environment.keys.sign[environment.algorithm].sign(payload, typ="JWT")


def _token(arrived: Arrived) -> Secret | None:
    header = arrived.headers.get(b"authorization")
    return bearer.read([header.decode("latin-1")] if header else [])


@lru_cache(maxsize=1024)
def _wanted(query: bytes) -> Wanted:
    """Read what the route needs; raise Refused (400), as the gateway's own setting is wrong."""
    params = read_form(query)
    org_id = params.get("organization")
    try:
        organization = UUID(org_id) if org_id else None
    except ValueError:
        raise Refused("invalid_request", "The organization is not a UUID.") from None
    return Wanted(Scope.parse(params.get("scope") or ""), params.get("audience"), organization)


def _invalid(why: str) -> Refused:
    return Refused(
        "invalid_token", "The access token is expired, revoked, or not valid here.", note=why
    )
