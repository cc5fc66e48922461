"""Authentication by an access token, where it takes the place of client credentials."""

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.catalogue.model import INTROSPECTION
from gatepass.server.http import NeedsThread, Request, Response
from gatepass.server.oauth import access_token
from gatepass.server.oauth.client_authentication import check_not_stale
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens.response import error_response
from gatepass.wire import bearer
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

_REQUIRED = Scope((INTROSPECTION,))


class BearerError(OAuthError):
    """An error of the presented access token: with a bearer challenge (RFC 6750 §3)."""

    def __init__(self, error: OAuthError, realm: str) -> None:
        super().__init__(
            error.code, error.description, log_detail=error.log_detail, status=error.status
        )
        self.retry_after = error.retry_after
        self._challenge = bearer.challenge(error, realm=realm, scope=_REQUIRED)

    def response(self, docs_url: str) -> Response:
        """Return the response; `docs_url` is the address of the documentation site, if any."""
        plain = error_response(self, challenged=False, realm="", docs_url=docs_url)
        challenge = (b"www-authenticate", self._challenge.encode())
        return plain._replace(headers=(*plain.headers, challenge))


def has_bearer(request: Request) -> bool:
    """Return whether a caller presents an access token in place of client credentials."""
    return request.headers.get(b"authorization", b"")[:7].lower() == b"bearer "


def read_bearer(request: Request) -> Secret | None:
    """Return the access token of the Authorization header (RFC 6750 §2.1), None without one."""
    header = request.headers.get(b"authorization")
    return bearer.read([header.decode("latin-1")] if header else [])


def authenticate_bearer(
    environment: ServedEnvironment, request: Request, *, status: int
) -> CachedApplication | NeedsThread:
    """Return the application of the access token that a caller presents, as RFC 7662 §2.1 allows.

    The token needs the scope `introspection`; `status` is that of the error of one without. Raises
    BearerError.
    """
    try:
        check_not_stale(environment)
        token = read_bearer(request)
        assert token is not None  # noqa: S101 - its scheme is Bearer
        found = access_token.check(environment, token, request.source, environment.partner_api)
    except OAuthError as error:
        raise BearerError(error, environment.issuer) from None
    if isinstance(found, NeedsThread):
        return found
    claims, application = found
    if INTROSPECTION in Scope.parse(claims.scope):
        return application
    insufficient = OAuthError(
        "insufficient_scope",
        "This needs the scope introspection, which the operator grants.",
        log_detail="a token without the scope introspection",
        status=status,
    )
    raise BearerError(insufficient, environment.issuer)
