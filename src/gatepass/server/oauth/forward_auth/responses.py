"""Responses to gateways, each adapted to what the gateway accepts. Pure."""

import json
from http import HTTPStatus

from gatepass.server.http import Request, Response
from gatepass.server.oauth.authentication.binding import challenges, nonce_headers
from gatepass.server.oauth.authentication.proofs import ProofError
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

PLAIN = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
# A gateway that copies only the headers that are present would let a forged one through.
_NO_IDENTITY = (
    (b"x-auth-client-id", b""),
    (b"x-auth-org-id", b""),
    (b"x-auth-scope", b""),
    (b"x-auth-expires", b""),
    (b"x-auth-assertion", b""),
)
_MISSING = "This needs an access token, sent as Authorization: Bearer and the token."


class Denial(OAuthError):
    """An error response that the gateway passes to the caller: with a challenge.

    See RFC 6750 §3 and RFC 9449 §7.1.
    """

    def __init__(
        self, error: OAuthError | None, request: Request | None, scope: Scope, realm: str
    ) -> None:
        cause = error or OAuthError("invalid_token", _MISSING, log_detail="no token")
        super().__init__(
            cause.code,
            cause.description,
            log_detail=cause.log_detail,
            reason=cause.reason,
            status=cause.status,
            retry_after=cause.retry_after,
        )
        self.challenge = ""
        if cause.status < 500:
            sent = request or Request({}, b"", b"", "")
            self.challenge = challenges(error, sent, realm=realm, scope=scope)
        self.nonce = error.nonce if isinstance(error, ProofError) else ""

    def response(self) -> Response:
        """Return status and challenge, with a problem document (RFC 9457) as body."""
        headers = [*PLAIN, (b"content-type", b"application/problem+json")]
        if self.challenge:
            headers.append((b"www-authenticate", self.challenge.encode()))
        headers += nonce_headers(self.nonce)
        if self.retry_after is not None:
            headers.append((b"retry-after", b"%d" % self.retry_after))
        problem = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.description,
        }
        return Response(self.status, tuple(headers), json.dumps(problem).encode())


def clear_identity_headers(response: Response) -> Response:
    """Return an error response with every identity header, each of them empty."""
    return response._replace(headers=(*response.headers, *_NO_IDENTITY))


def for_nginx(response: Response) -> Response:
    """Return an error response with 401 or 403: nginx turns any other status into 500.

    400 with a challenge becomes 401, as its challenge says `invalid_request`. Others become 403,
    which blocks the request without blaming its token: on 401 every client would fetch a new one,
    all at once while this server has a fault. X-Auth-Status has the original status.
    """
    is_challenged = any(name == b"www-authenticate" for name, _ in response.headers)
    status = 401 if is_challenged and response.status != 403 else 403
    headers = (*response.headers, (b"x-auth-status", b"%d" % response.status))
    return clear_identity_headers(Response(status, headers, response.body))
