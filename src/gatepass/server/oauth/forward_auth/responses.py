"""The answers to gateways, each as the gateway that asked can take it. Pure."""

import json
from http import HTTPStatus

from gatepass.server.http import Response
from gatepass.wire import bearer
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

PLAIN = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
# A gateway that copies a header only where it is there would let a forged one through.
NOBODY = (
    (b"x-auth-client-id", b""),
    (b"x-auth-org-id", b""),
    (b"x-auth-scope", b""),
    (b"x-auth-expires", b""),
    (b"x-auth-assertion", b""),
)
_MISSING = "This needs an access token, sent as Authorization: Bearer and the token."


class Denial(OAuthError):
    """A refusal that is the caller's answer too: with a bearer challenge (RFC 6750 §3)."""

    def __init__(self, refused: OAuthError | None, scope: Scope, realm: str) -> None:
        cause = refused or OAuthError("invalid_token", _MISSING, log_detail="no token")
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
            self.challenge = bearer.challenge(refused, realm=realm, scope=scope)

    def answer(self) -> Response:
        """Give status and challenge, and a problem document for people (RFC 9457)."""
        headers = [*PLAIN, (b"content-type", b"application/problem+json")]
        if self.challenge:
            headers.append((b"www-authenticate", self.challenge.encode()))
        if self.retry_after is not None:
            headers.append((b"retry-after", b"%d" % self.retry_after))
        problem = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.description,
        }
        return Response(self.status, tuple(headers), json.dumps(problem).encode())


def clear_identity_headers(answer: Response) -> Response:
    """Give a refusal with every identity header, each of them empty."""
    return answer._replace(headers=(*answer.headers, *NOBODY))


def for_nginx(answer: Response) -> Response:
    """Give a refusal as one that nginx can take: 401 or 403, as it makes 500 of any other.

    400 with a challenge becomes 401, as that says `invalid_request`. Others become 403, which
    keeps the request out without a word against its token: on 401 a client would fetch a new
    one, and all of them at once while this server is in need. X-Auth-Status has the true status.
    """
    is_challenged = any(name == b"www-authenticate" for name, _ in answer.headers)
    status = 401 if is_challenged and answer.status != 403 else 403
    told = (*answer.headers, (b"x-auth-status", b"%d" % answer.status))
    return clear_identity_headers(Response(status, told, answer.body))
