"""Responses of a token endpoint, good and bad, as values."""

import json

from gatepass.loopback import Response

_STATUS = {"invalid_client": 401, "server_error": 500, "temporarily_unavailable": 503}


def json_response(status: int, **members: object) -> Response:
    """Return a JSON object, as an OAuth server sends it (RFC 6749 §5.1)."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(status, json.dumps(members).encode(), headers)


def refusal(error: str, description: str = "", status: int | None = None) -> Response:
    """Return an OAuth error (RFC 6749 §5.2): status 401 for `invalid_client`, mostly 400 else."""
    members = {"error": error} | ({"error_description": description} if description else {})
    return json_response(_STATUS.get(error, 400) if status is None else status, **members)


def busy(status: int = 503, retry_after: int | str | None = None) -> Response:
    """Return a response that asks to retry after `retry_after`: seconds, or an HTTP date."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Response(status, b"come back later", headers)


def page(status: int = 200, text: str = "<html><title>Sign in</title></html>") -> Response:
    """Return an HTML page, as a proxy or a wrong address does."""
    return Response(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def hang_up(*, midway: bool = False) -> Response:
    """Close the connection without a response, or in the middle of one."""
    if not midway:
        return Response(0, hangs_up=True)
    beginning = b'{"access_token": "half-of-i'
    headers = {"Content-Type": "application/json", "Content-Length": str(len(beginning) + 100)}
    return Response(200, beginning, headers, hangs_up=True)
