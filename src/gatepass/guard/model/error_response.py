"""The response to a refused request: status, headers and a problem document (RFC 9457).

A value for any framework: an adapter sends status, headers and body as they are.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from gatepass.guard.model.expectation import Expectation
from gatepass.wire import bearer
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

PROBLEM = "application/problem+json"

_NO_CREDENTIALS = "This needs an access token, sent as Authorization: Bearer and the token."
_LOG = logging.getLogger("gatepass.guard")
_CHALLENGED = frozenset({400, 401, 403})  # RFC 6750 §3.1; no token would help with the others


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """The response to a refused request; `reason` is one word, for counting."""

    status: int
    headers: Mapping[str, str]
    detail: str
    reason: str

    @classmethod
    def of(cls, refused: OAuthError | None, expect: Expectation, scope: Scope) -> Self:
        """Return the response for an error, or for no credentials (None); `scope` is required."""
        status = 401 if refused is None else refused.status
        headers = {"Content-Type": PROBLEM, "Cache-Control": "no-store"}
        if status in _CHALLENGED:
            headers["WWW-Authenticate"] = bearer.challenge(
                refused, scope=scope, resource_metadata=expect.resource_metadata
            )
        if refused is None:
            return cls(status, headers, _NO_CREDENTIALS, "no_credentials")
        if refused.retry_after is not None:
            headers["Retry-After"] = str(refused.retry_after)
        return cls(status, headers, refused.description, refused.reason or refused.code)

    def problem(self) -> dict[str, object]:
        """Return the members of the problem document (RFC 9457 §3.1)."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }

    def body(self) -> bytes:
        """Return the problem document, encoded."""
        return json.dumps(self.problem()).encode()


class Denied(Exception):
    """Raised by a guard for a refused request; `error_response` is what to send."""

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__(f"{response.status}: {response.detail}")
        self.error_response = response


def log_refusal(refused: OAuthError | None) -> None:
    """Log why a request was refused; None stands for no credentials."""
    if refused is None:
        _LOG.info("refused: no credentials")
        return
    level = logging.WARNING if refused.status >= 500 else logging.INFO
    _LOG.log(level, "refused: %s (%s)", refused.code, refused.log_detail or refused.description)
