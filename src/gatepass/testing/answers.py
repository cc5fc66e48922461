"""What a token endpoint may answer, good and bad, as values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

_STATUS = {"invalid_client": 401, "server_error": 500, "temporarily_unavailable": 503}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `hangs_up` closes the connection when the body has been written.

    A status of 0 is no answer at all. A Content-Length is added unless `headers` has one.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs_up: bool = False

    @classmethod
    def json(cls, status: int, **members: object) -> "Answer":
        """Answer with a JSON object, as an OAuth server does (RFC 6749 §5.1)."""
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        return cls(status, json.dumps(members).encode(), headers)


def refusal(error: str, description: str = "", status: int | None = None) -> Answer:
    """Refuse with an OAuth error (RFC 6749 §5.2): 401 for `invalid_client`, else mostly 400."""
    said = {"error": error} | ({"error_description": description} if description else {})
    return Answer.json(_STATUS.get(error, 400) if status is None else status, **said)


def busy(status: int = 503, retry_after: int | str | None = None) -> Answer:
    """Ask to come later, in `retry_after` seconds or at that HTTP date."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status, b"come back later", headers)


def page(status: int = 200, text: str = "<html><title>Sign in</title></html>") -> Answer:
    """Answer with an HTML page, as a proxy or a wrong address does."""
    return Answer(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def hang_up(*, midway: bool = False) -> Answer:
    """Close the connection without an answer, or in the middle of one."""
    if not midway:
        return Answer(0, hangs_up=True)
    beginning = b'{"access_token": "half-of-i'
    headers = {"Content-Type": "application/json", "Content-Length": str(len(beginning) + 100)}
    return Answer(200, beginning, headers, hangs_up=True)
