"""The introspection endpoint (RFC 7662), and what it knows of a token."""

from http import HTTPStatus

from gatepass.server.domain.applications.cache import ApplicationCache
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.catalogue.model import INTROSPECTION
from gatepass.server.environment.environment import Environment
from gatepass.server.http import NeedsThread, Request, Response
from gatepass.server.oauth.client_authentication import check_memory, note_use, proven_by_header
from gatepass.server.tokens import response
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.jwt import verify
from gatepass.server.tokens.opaque import decode
from gatepass.server.tokens.request import SECRET_CREDENTIALS, parameters, two_ways
from gatepass.wire import bearer
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import allows
from gatepass.wire.params import Params
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

_AHEAD_MS = 60_000  # a token of a process whose clock is this much ahead is still good
_INACTIVE = response.document({"active": False})
_NEEDED = Scope((INTROSPECTION,))
_TEXT_JSON = b"text/json"
_JSON_RANGES = (b"application/json", b"application/*", b"*/*")


class Challenged(OAuthError):
    """A refused bearer token (RFC 6750 §3), told as every error of the OAuth endpoints."""

    def __init__(self, refused: OAuthError, realm: str) -> None:
        super().__init__(
            refused.code, refused.description, log_detail=refused.log_detail, status=refused.status
        )
        self.retry_after = refused.retry_after
        self._challenge = bearer.challenge(refused, realm=realm, scope=_NEEDED)

    def answer(self, docs_url: str) -> Response:
        """Return the response; `docs_url` is the address of the documentation site, if any."""
        plain = response.refusal(self, challenged=False, realm="", docs_url=docs_url)
        challenge = (b"www-authenticate", self._challenge.encode())
        return plain._replace(headers=(*plain.headers, challenge))


def introspect(environment: Environment, arrived: Request) -> Response:
    """Tell an authenticated caller what a token is; `{"active": false}` for all that is not.

    A caller sees the tokens of its own organization; with the scope `introspection`, which
    only the operator grants, those of the environment. In place of client authentication it may
    show an access token that has this scope (RFC 7662 §2.1).
    """
    params = parameters(arrived)
    client = None
    if has_bearer(arrived):
        caller = _bearer_of_token(environment, arrived, params)
    else:
        client = proven_by_header(environment, arrived, params)
        caller = client.application
    token = params.get("token")
    claims = unexpired(environment, Secret(token)) if token else None
    owner = owner_of(environment.applications, claims) if claims else None
    if client:
        note_use(environment, arrived, client, environment.clock())  # once nothing can be Later
    if token is None:
        raise OAuthError("invalid_request", "The parameter token is missing.")
    answer = _INACTIVE
    if claims and owner and _may_see(caller, owner):
        answer = environment.told.recall(claims, owner) or _tell(environment, claims, owner)
    accept = arrived.headers.get(b"accept", b"")
    return _as_text_json(answer) if _asks_for_text_json(accept) else answer


def has_bearer(arrived: Request) -> bool:
    """Tell whether a caller shows an access token in place of client credentials."""
    return arrived.headers.get(b"authorization", b"")[:7].lower() == b"bearer "


def check_bearer(environment: Environment, arrived: Request) -> Application:
    """Return the application whose access token a caller shows; it has the scope `introspection`.

    Raises OAuthError: `invalid_token`, `insufficient_scope`; and NeedsThread as `owner_of` does.
    """
    check_memory(environment)
    token = bearer.read([arrived.headers[b"authorization"].decode("latin-1")])
    assert token is not None  # noqa: S101 - its scheme is Bearer
    claims = unexpired(environment, token)
    owner = owner_of(environment.applications, claims) if claims else None
    if claims is None or owner is None or not stands_behind(owner, claims):
        raise bearer.invalid_token("the token is not active")
    if claims.audience and environment.partner_api not in claims.audience:
        raise bearer.invalid_token("the token is for another audience")
    if not allows(owner.networks, arrived.source):
        raise bearer.invalid_token("the source is in none of the application's networks")
    if INTROSPECTION not in Scope.parse(claims.scope):
        raise OAuthError(
            "insufficient_scope",
            "This needs the scope introspection, which the operator grants.",
            log_detail="a token without the scope introspection",
        )
    return owner


def _bearer_of_token(environment: Environment, arrived: Request, params: Params) -> Application:
    """Do what `check_bearer` does; every refusal of the token is a 401 (RFC 7662 §2.3)."""
    if not SECRET_CREDENTIALS.isdisjoint(params.values):
        raise two_ways()
    try:
        return check_bearer(environment, arrived)
    except OAuthError as refused:
        if refused.status == HTTPStatus.FORBIDDEN:
            refused.status = HTTPStatus.UNAUTHORIZED.value
        raise Challenged(refused, environment.issuer) from None


def _asks_for_text_json(accept: bytes) -> bool:
    """Tell whether a caller takes `text/json` and no other name of JSON."""
    return _TEXT_JSON in accept and not any(each in accept for each in _JSON_RANGES)


def _as_text_json(answer: Response) -> Response:
    kept = (pair for pair in answer.headers if pair[0] != b"content-type")
    return answer._replace(headers=((b"content-type", _TEXT_JSON + b"; charset=utf-8"), *kept))


def _tell(environment: Environment, claims: Claims, owner: Application) -> Response:
    """Answer about a token of `owner`, and remember what was said of an active one."""
    if not stands_behind(owner, claims):
        return _INACTIVE
    answer = response.document({"active": True, **describe(environment, claims, owner)})
    return environment.told.keep(claims, owner, answer)


def owner_of(directory: ApplicationCache, claims: Claims) -> Application | None:
    """Return a token's application, None if it was deleted; raise NeedsThread to look it up."""
    owner = directory.get(claims.application)
    if owner is None and not directory.is_absent(claims.application):
        raise NeedsThread(lambda: directory.load(claims.application))
    return owner


def inspect(environment: Environment, token: Secret) -> dict[str, object] | None:
    """Give what introspection says of an active token, to a guard in this process; may block.

    Raises OAuthError (503) where the database has been away beyond the grace time.
    """
    check_memory(environment)
    claims = unexpired(environment, token)
    if claims is None:
        return None
    directory = environment.applications
    owner = directory.get(claims.application) or directory.load(claims.application)
    if owner is None or not stands_behind(owner, claims):
        return None
    return describe(environment, claims, owner)


def in_force(environment: Environment, token: Secret) -> tuple[Claims, Application] | None:
    """Give the claims and the application of an active token, as far as memory tells.

    None where it has to be looked up, or refused: `inspect` tells.
    """
    claims = None if environment.is_stale() else unexpired(environment, token)
    owner = environment.applications.get(claims.application) if claims else None
    if claims is None or owner is None or not stands_behind(owner, claims):
        return None
    return claims, owner


def unexpired(environment: Environment, token: Secret) -> Claims | None:
    """Give the claims of a token of this environment that is neither expired nor revoked.

    Does NOT check whether its application still stands behind it.
    """
    claims = read(environment, token)
    if claims is None or claims.token_id in environment.state.revoked:
        return None
    now = environment.clock()
    is_early = claims.issued_ms > now * 1000 + _AHEAD_MS
    return None if is_early or now >= claims.expires_at else claims


def read(environment: Environment, token: Secret) -> Claims | None:
    """Give the claims of any token that this environment made, in whichever form.

    Does NOT check expiry or revocation.
    """
    known, keys, digest = environment.known_tokens, environment.keys, token.digest()
    claims = known.said(digest, keys)
    if claims is None:
        if "." in token.value:
            claims = verify(token.value, keys.signing, environment.issuer)
        else:
            claims = decode(token.value, keys.sealing)
        if claims is not None:
            known.keep(digest, keys, claims)
    return claims


def stands_behind(owner: Application, claims: Claims) -> bool:
    """Tell whether an application may still use a token: enabled, not suspended, not voided."""
    if owner.disabled_at or owner.org_suspended_at:
        return False
    return claims.issued_ms > owner.revoked_before_ms


def describe(
    environment: Environment, claims: Claims, application: Application
) -> dict[str, object]:
    """Give the members of an introspection answer (RFC 7662 §2.2).

    Extensions of ours: `org_id`, and `allowed_networks` where a request with the token may come
    from these alone.
    """
    audience = claims.audience or (environment.partner_api,)
    return {
        "client_id": application.client_id,
        "scope": claims.scope,
        "exp": claims.expires_at,
        "iat": claims.issued_at,
        "iss": environment.issuer,
        "sub": application.client_id,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "jti": claims.jti,
        "token_type": "Bearer",
        "org_id": str(application.org_id),
        **_networks(application),
    }


def _networks(application: Application) -> dict[str, object]:
    if not application.networks:
        return {}
    return {"allowed_networks": [str(network) for network in application.networks]}


def _may_see(caller: Application, found: Application) -> bool:
    return caller.org_id == found.org_id or INTROSPECTION in caller.scope
