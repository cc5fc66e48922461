"""The errors of the Admin API's client: each says what happened and what to do.

No message has a secret or a token; what a server sent is cleaned. All can be copied and pickled.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from gatepass.client.errors import ClientError, redacted
from gatepass.wire.secret import Secret

_LONGEST = 2000  # characters of a sentence of the server
# Control characters and those that change the direction of text: neither belongs on a terminal.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class FieldError(NamedTuple):
    """An argument that was refused, and why."""

    field: str
    detail: str


class OperationRefused(ClientError):
    """The server refused the operation and changed nothing (RFC 9457).

    `status`, `title` and `detail` are those of the problem document, `errors` names the arguments
    that were refused, `operation` is the operation's name.
    """

    def __init__(
        self,
        operation: str,
        status: int,
        title: str,
        detail: str,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(operation, status, title, detail, tuple(errors))
        self.operation, self.status = operation, status
        self.title, self.detail, self.errors = title, detail, tuple(errors)

    def __str__(self) -> str:
        fields = "".join(
            f" {each.field}: {each.detail}" for each in self.errors if each.detail != self.detail
        )
        return f"{self.operation} is refused ({self.status}): {self.detail or self.title}{fields}"


class AccessDenied(OperationRefused):
    """The application lacks the scope of the operation, or calls from another network (403)."""


class NotFound(OperationRefused):
    """There is no such object, or it is not in reach of the API (404)."""


class Conflict(OperationRefused):
    """The operation contradicts what there is (409)."""


class PreconditionFailed(OperationRefused):
    """Somebody has changed the object since it was read (412, RFC 9110 §13.1.1)."""


class InvalidArguments(OperationRefused):
    """An argument is not accepted; `errors` names it (422)."""


class ServerUnavailable(ClientError):
    """No answer came that could be used; `why` is the reason.

    That is after `attempts` requests in `elapsed` seconds; `retry_after` is the number of seconds
    that the server asked to wait, 0 where it did not. The operation may have been done: perform it
    again with `idempotency_key`, which is empty where it needs none, and it is done once.
    """

    def __init__(
        self,
        operation: str,
        why: str,
        attempts: int,
        elapsed: float = 0.0,
        retry_after: float = 0.0,
        *,
        idempotency_key: str = "",
    ) -> None:
        super().__init__(operation, why, attempts, elapsed, retry_after)
        self.operation, self.why, self.attempts = operation, why, attempts
        self.elapsed, self.retry_after = elapsed, retry_after
        self.idempotency_key = idempotency_key

    def __str__(self) -> str:
        times = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        return f"{self.operation}: no answer after {times} in {self.elapsed:.1f} s: {self.why}"


class UnexpectedAnswer(ClientError):
    """The answer is not from the Admin API: `why` says what it is instead."""

    def __init__(self, operation: str, why: str) -> None:
        super().__init__(operation, why)
        self.operation, self.why = operation, why

    def __str__(self) -> str:
        return f"{self.operation}: {self.why}"


OF_STATUS: dict[int, type[OperationRefused]] = {
    HTTPStatus.FORBIDDEN: AccessDenied,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.PRECONDITION_FAILED: PreconditionFailed,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidArguments,
}


def shown(text: str, secrets: Sequence[Secret]) -> str:
    """Return a sentence of the server without `secrets`, and without what no terminal should get.

    Letters of all languages stay: it may quote a name.
    """
    text = _UNSEEN.sub(" ", redacted(text[: 2 * _LONGEST], secrets)).strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
