"""The response to a refused request: status, headers and a problem document (RFC 9457).

A value for any framework: an adapter sends status, headers and body as they are.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Self

from gatepass.guard.model.expectation import Expectation
from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.wire import bearer
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

PROBLEM = "application/problem+json"

_NO_CREDENTIALS = "This needs an access token, sent as Authorization: Bearer and the token."
_NONE_BOUND = (
    "This needs an access token that is bound to a key, sent as Authorization: DPoP and the token, "
    "with a proof in the DPoP header."
)
ALGS = " ".join(OF_CLIENTS)
"""The algorithms of DPoP proofs, as challenges name them (RFC 9449 §7.1)."""

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
    def of(
        cls,
        refused: OAuthError | None,
        expect: Expectation,
        scope: Scope,
        with_bearer: bool = True,  # noqa: FBT001, FBT002 - of two schemes, which
        with_dpop: bool = False,  # noqa: FBT001, FBT002
    ) -> Self:
        """Return the response for an error, or for no credentials (None); `scope` is required.

        It has a challenge `with_bearer`, `with_dpop`, or with both: then the error is in that of
        Bearer, which was sent.
        """
        status = 401 if refused is None else refused.status
        headers = {"Content-Type": PROBLEM, "Cache-Control": "no-store"}
        if status in _CHALLENGED:
            address = expect.resource_metadata
            challenges = []
            if with_bearer:
                challenges.append(bearer.challenge(refused, scope=scope, resource_metadata=address))
            if with_dpop:
                why = None if with_bearer else refused
                challenges.append(
                    bearer.challenge(why, scope=scope, resource_metadata=address, algs=ALGS)
                )
            headers["WWW-Authenticate"] = ", ".join(challenges)
        if refused is None:
            text = _NO_CREDENTIALS if with_bearer else _NONE_BOUND
            return cls(status, headers, text, "no_credentials")
        if refused.retry_after is not None:
            headers["Retry-After"] = str(refused.retry_after)
        return cls(status, headers, refused.description, refused.reason or refused.code)

    def with_header(self, name: str, value: str) -> Self:
        """Return this response with one more header."""
        return replace(self, headers={**self.headers, name: value})

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
