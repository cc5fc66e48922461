"""A refusal as HTTP says it: status, headers and a problem document (RFC 9457). Pure.

A value for any framework: an adapter writes status, headers and body as they stand here.
"""

import json
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
_CHALLENGED = frozenset({400, 401, 403})  # RFC 6750 §3.1; no token would help with the others


@dataclass(frozen=True, slots=True)
class Denial:
    """The answer to a request that is refused; `reason` is one word, to count by."""

    status: int
    headers: Mapping[str, str]
    detail: str
    reason: str

    @classmethod
    def of(cls, refused: OAuthError | None, expect: Expectation, wanted: Scope) -> Self:
        """Say `refused`, or "no credentials" (None), to who asked for what needs `wanted`."""
        status = 401 if refused is None else refused.status
        headers = {"Content-Type": PROBLEM, "Cache-Control": "no-store"}
        if status in _CHALLENGED:
            headers["WWW-Authenticate"] = bearer.challenge(
                refused, scope=wanted, resource_metadata=expect.resource_metadata
            )
        if refused is None:
            return cls(status, headers, _NO_CREDENTIALS, "no_credentials")
        if refused.retry_after is not None:
            headers["Retry-After"] = str(refused.retry_after)
        return cls(status, headers, refused.description, refused.reason or refused.code)

    def problem(self) -> dict[str, object]:
        """Give the members of the problem document (RFC 9457 §3.1)."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }

    def body(self) -> bytes:
        """Give the problem document."""
        return json.dumps(self.problem()).encode()


class Denied(Exception):
    """What a guard raises; `denial` is the answer to give."""

    def __init__(self, denial: Denial) -> None:
        super().__init__(f"{denial.status}: {denial.detail}")
        self.denial = denial
