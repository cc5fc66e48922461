"""The token response (RFC 6749 §5.1), read as a client must read it: with suspicion."""

import json
import re
from dataclasses import dataclass
from typing import Self

from gatepass.wire.secret import Secret

_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """An access token with its type, lifetime (seconds, None where unstated) and scope."""

    access_token: Secret
    token_type: str
    expires_in: int | None
    scope: str | None

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read the body of a 200 answer; raise ValueError, which never quotes the body."""
        try:
            answer = json.loads(body.decode())
        except (ValueError, RecursionError):
            raise ValueError("the answer is not JSON") from None
        if not isinstance(answer, dict):
            raise ValueError("the answer is not a JSON object")
        token, kind = answer.get("access_token"), answer.get("token_type")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise ValueError("access_token is missing or not printable ASCII")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise ValueError("token_type is not Bearer")
        scope = answer.get("scope")
        if scope is not None and not isinstance(scope, str):
            raise ValueError("scope is not a string")
        return cls(Secret(token), "Bearer", _seconds(answer.get("expires_in")), scope)


def _seconds(value: object) -> int | None:
    """Read expires_in; some servers send it as a string of digits."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:12])
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value < 1e10:
        raise ValueError("expires_in is not a positive number of seconds")
    return int(value)
