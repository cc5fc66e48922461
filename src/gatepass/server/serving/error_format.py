"""The format of errors that are answered outside the endpoints: which one a caller can read.

Programs ask under `/.well-known/`, `/oauth2/`, its path aliases and `/api/`, so errors there are
JSON unless the caller asks for HTML, as browsers do.
"""

import json
from collections.abc import Iterable
from typing import Literal

from gatepass.server.http import NO_STORE, Response, Scope
from gatepass.server.serving import problem_details
from gatepass.server.tokens.response import error_body

KEY = "gatepass.error_format"  # in the scope of a request that the portal answers
ErrorFormat = Literal["oauth", "problem", "text"]
Headers = tuple[tuple[bytes, bytes], ...]

_API = "/api/"
_OAUTH = ("/.well-known/", "/oauth2/")
_PROBLEM = (
    (b"content-type", problem_details.MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),
)
_TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)


def oauth_prefixes(aliases: Iterable[str]) -> tuple[str, ...]:
    """Return how the paths begin under which errors are JSON as of RFC 6749 §5.2."""
    return (*_OAUTH, *aliases)


def format_of(scope: Scope, prefixes: tuple[str, ...]) -> ErrorFormat:
    """Return the format for a request's error; `prefixes` are those of `oauth_prefixes`."""
    path = f"{scope['path']}/"
    if not path.startswith((_API, *prefixes)) or _asks_for_html(scope):
        return "text"
    return "problem" if path.startswith(_API) else "oauth"


def misdirected(scope: Scope, prefixes: tuple[str, ...]) -> Response:
    """Return the error for a host that is not served (RFC 9110 §15.5.20)."""
    description = "This host is not served here. Check the address."
    return error(format_of(scope, prefixes), 421, description)


def needs_tls(scope: Scope, prefixes: tuple[str, ...], docs_url: str) -> Response:
    """Return the error for http where https is due; `docs_url` as for `error`."""
    found = format_of(scope, prefixes)
    description = "Use https. Whoever listens has seen what you sent."
    return error("oauth" if found == "text" else found, 400, description, docs_url=docs_url)


def error(
    error_format: ErrorFormat, status: int, description: str, more: Headers = (), docs_url: str = ""
) -> Response:
    """Return the error in this format, with `more` headers.

    `docs_url` is the address of the documentation site, to which OAuth errors lead, if any.
    """
    if error_format == "problem":
        body = json.dumps(problem_details.members(status, description)).encode()
        return Response(status, (*_PROBLEM, *more), body)
    if error_format == "oauth":
        body = error_body("invalid_request", description, docs_url)
        return Response(status, (*NO_STORE, *more), body)
    return Response(status, (*_TEXT, *more), f"{description}\n".encode())


def _asks_for_html(scope: Scope) -> bool:
    accept = b",".join(value for name, value in scope["headers"] if name == b"accept").lower()
    return b"text/html" in accept or b"application/xhtml+xml" in accept
