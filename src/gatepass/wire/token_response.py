"""The token response (RFC 6749 §5.1), parsed strictly where it matters.

Unambiguous deviations of known servers are accepted: a scope as a list, no token_type, a lifetime
as text. A value that may not be an access token is refused.
"""

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from gatepass.wire.secret import Secret

_TOKEN = re.compile(r"[\x21-\x7e]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_FORM = re.compile(rb"(?:[\w.-]+=[^\s{}]*&)*access_token=")
_BEARER = {"bearer", "bearertoken"}  # the latter is Apigee's
_LONGEST_LIFETIME = 10**9  # seconds, three decades: what is longer is cut

EXPIRY_HEADER = "gatepass-secret-expires"
"""The header of a response to a secret with an end, in lower case: when it expires."""
_EXPIRY_FORM = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """An access token with its type, lifetime (seconds, None where unstated) and scope."""

    access_token: Secret
    token_type: str
    expires_in: int | None
    scope: str | None

    @classmethod
    def parse(cls, body: bytes, *, with_dpop: bool = False) -> Self:
        """Return what the body of a successful answer says.

        `with_dpop` accepts the type DPoP as well (RFC 9449 §5). Raises ValueError, which never
        quotes the body.
        """
        try:
            answer = json.loads(body.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            if _FORM.match(body):
                raise ValueError("the answer is form-encoded, which is not JSON") from None
            raise ValueError("the answer is not JSON") from None
        if not isinstance(answer, dict):
            raise ValueError("the answer is not a JSON object")
        token = answer.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise ValueError("access_token is missing or not printable ASCII")
        kind = answer.get("token_type") or "Bearer"  # RFC 6749 requires it; not all send it
        is_dpop = with_dpop and isinstance(kind, str) and kind.strip().lower() == "dpop"
        if not is_dpop and (not isinstance(kind, str) or kind.strip().lower() not in _BEARER):
            raise ValueError("token_type is not Bearer")
        scope = _scope(answer.get("scope"))
        name = "DPoP" if is_dpop else "Bearer"
        return cls(Secret(token), name, _seconds(answer.get("expires_in")), scope)


def _scope(value: object) -> str | None:
    """Return the scope; some servers send a list of names."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return " ".join(value)
    if value is not None and not isinstance(value, str):
        raise ValueError("scope is not a string")
    return value


def _seconds(value: object) -> int | None:
    """Return the lifetime, which some servers send as text; None where it is not stated.

    0, a negative number and an empty text state none: servers mean "no end" or nothing by them.
    """
    if isinstance(value, str):
        value = float(value) if _NUMBER.fullmatch(value) else value or None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expires_in is not a number of seconds")
    if (isinstance(value, float) and not math.isfinite(value)) or value < 1:
        return None
    return int(min(value, _LONGEST_LIFETIME))


def write_secret_expiry(milliseconds: int) -> str:
    """Return the value of EXPIRY_HEADER for Unix milliseconds, as RFC 3339 writes times."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime(_EXPIRY_FORM)


def read_secret_expiry(value: str | None) -> datetime | None:
    """Return the end that the header states; None where there is no header, or another value."""
    try:
        return datetime.strptime(value or "", _EXPIRY_FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
