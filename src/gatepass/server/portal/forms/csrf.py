"""CSRF protection of forms (ASVS 3.5.1): the request's origin and the form's token."""

import hmac
from collections.abc import Mapping
from hashlib import sha256

from gatepass.server.configuration.network.hosts import is_own_origin
from gatepass.server.domain.users.sessions.model import key
from gatepass.translation.message import Message
from gatepass.wire import base62
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_FROM_HERE = {"same-origin", "none"}
_PURPOSE = b"gatepass csrf"


def token(owner: Secret) -> str:
    """Return the token of a session or, before login, of a device."""
    return base62.encode(hmac.new(key(owner), _PURPOSE, sha256).digest())


def check_origin(headers: Mapping[str, str], scheme: str, issuer: str) -> None:
    """Raise OAuthError (403) if the headers say that another site sent the request."""
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site")
    is_own = origin is None or is_own_origin(origin, scheme, headers.get("host", ""), issuer)
    if not is_own or (site is not None and site not in _FROM_HERE):
        raise OAuthError(
            "invalid_request",
            Message("The form was sent by another site."),
            log_detail="cross-site form",
            status=403,
        )


class OutdatedForm(OAuthError):
    """The form's token is not the session's: the form is from before a login or logout."""

    def __init__(self) -> None:
        super().__init__(
            "invalid_request",
            Message(
                "The form is from before your login or logout, or the browser keeps no cookies."
            ),
            log_detail="wrong csrf token",
            status=403,
        )


def check_token(sent: str | None, expected: str) -> None:
    """Raise OutdatedForm (403) if the form's token is not the session's."""
    if not hmac.compare_digest((sent or "").encode(), expected.encode()):
        raise OutdatedForm
