"""Authentication by an access token, where it takes the place of client credentials."""

from collections.abc import Sequence

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.catalogue.model import INTROSPECTION
from gatepass.server.http import NeedsThread, Request, Response
from gatepass.server.oauth import access_token
from gatepass.server.oauth.authentication.binding import challenges, check_sender, nonce_headers
from gatepass.server.oauth.authentication.proofs import ProofError, Target
from gatepass.server.oauth.client_authentication import check_not_stale
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.response import error_response
from gatepass.wire import bearer
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

_REQUIRED = Scope((INTROSPECTION,))


class BearerError(OAuthError):
    """An error of the presented access token: with a challenge (RFC 6750 §3, RFC 9449 §7.1)."""

    def __init__(self, error: OAuthError, request: Request, realm: str) -> None:
        super().__init__(
            error.code,
            error.description,
            log_detail=error.log_detail,
            reason=error.reason,
            status=error.status,
        )
        self.retry_after = error.retry_after
        self._challenge = challenges(error, request, realm=realm, scope=_REQUIRED)
        self._nonce = error.nonce if isinstance(error, ProofError) else ""

    def response(self, docs_url: str) -> Response:
        """Return the response; `docs_url` is the address of the documentation site, if any."""
        plain = error_response(self, challenged=False, realm="", docs_url=docs_url)
        challenge = (b"www-authenticate", self._challenge.encode())
        return plain._replace(headers=(*plain.headers, challenge, *nonce_headers(self._nonce)))


def has_bearer(request: Request) -> bool:
    """Return whether a caller presents an access token in place of client credentials."""
    scheme = request.headers.get(b"authorization", b"")[:7].lower()
    return scheme == b"bearer " or scheme.startswith(b"dpop ")


def read_bearer(request: Request) -> Secret | None:
    """Return the access token of the Authorization header, None without one.

    Its scheme is Bearer (RFC 6750 §2.1) or DPoP (RFC 9449 §7.1): see `binding.check_sender`.
    """
    header = request.headers.get(b"authorization")
    sent = bearer.read_sent([header.decode("latin-1")] if header else [])
    return None if sent is None else sent.token


def authenticate_bearer(
    environment: ServedEnvironment,
    request: Request,
    *,
    status: int,
    method: str,
    urls: Sequence[str],
) -> CachedApplication | NeedsThread:
    """Return the application of the access token that a caller presents, as RFC 7662 §2.1 allows.

    The token needs the scope `introspection`; `status` is that of the error of one without. One
    that is bound to a key needs a proof for this `method` and one of these `urls`, which is used
    up: the endpoint must not be called again after that. Raises BearerError.
    """
    try:
        check_not_stale(environment)
        token = read_bearer(request)
        assert token is not None  # noqa: S101 - its scheme is Bearer
        found = access_token.check(environment, token, request.source, environment.partner_api)
        if isinstance(found, NeedsThread):
            return found
        claims, application = found
        _check_scope(claims, status)
        check_sender(environment, request, claims, Target(method, urls, token.value))
    except OAuthError as error:
        raise BearerError(error, request, environment.issuer) from None
    return application


def _check_scope(claims: Claims, status: int) -> None:
    if INTROSPECTION not in Scope.parse(claims.scope):
        raise OAuthError(
            "insufficient_scope",
            "This needs the scope introspection, which the operator grants.",
            log_detail="a token without the scope introspection",
            status=status,
        )
