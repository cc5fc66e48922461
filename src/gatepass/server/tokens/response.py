"""Responses of the OAuth endpoints (RFC 6749 §5)."""

import json
from functools import lru_cache

from gatepass.server.http import NO_STORE, Headers, Response
from gatepass.server.tokens.issue import IssuedToken
from gatepass.wire.bearer import write_challenge
from gatepass.wire.errors import OAuthError
from gatepass.wire.token_response import EXPIRY_HEADER, write_secret_expiry

NOTICE = b"gatepass-notice"
_new = tuple.__new__  # takes half the time of calling a NamedTuple


def token_response(
    issued: IssuedToken, notice: str = "", secret_expires_ms: int | None = None
) -> Response:
    """Return the response with a token; `notice` is a header for the client's developer.

    Where the client's secret has an end, in Unix milliseconds, another header says when. The JSON
    is written as text, as no character of a token or a scope needs escaping.
    """
    body = (
        f'{{"access_token": "{issued.access_token}", "expires_in": {issued.expires_in}, '
        f'"token_type": "{issued.token_type}", "scope": "{issued.scope}"}}'
    )
    headers: Headers = NO_STORE
    if notice:
        headers = (*headers, (NOTICE, notice.encode()))
    if secret_expires_ms is not None:
        headers = (*headers, _expiry_header(secret_expires_ms))
    return _new(Response, (200, headers, body.encode()))


def error_response(
    error: OAuthError,
    *,
    challenged: bool,
    realm: str,
    allow: str = "POST",
    docs_url: str = "",
    more: Headers = (),
) -> Response:
    """Return the response for an error; `challenged` adds the Basic challenge to a 401.

    `more` are further headers.
    `docs_url` is the address of the documentation site, as for `error_body`.
    """
    headers = [*NO_STORE, *more]
    if error.status == 401 and challenged:
        headers.append((b"www-authenticate", _basic_challenge(realm)))
    if error.status == 405:
        headers.append((b"allow", allow.encode()))
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    body = error_body(error.code, error.description, docs_url)
    return Response(error.status, tuple(headers), body)


@lru_cache(maxsize=1024)
def _expiry_header(milliseconds: int) -> tuple[bytes, bytes]:
    return EXPIRY_HEADER.encode(), write_secret_expiry(milliseconds).encode()


@lru_cache(maxsize=16)
def _basic_challenge(realm: str) -> bytes:
    return write_challenge("Basic", realm=realm).encode()


@lru_cache(maxsize=256)
def error_body(code: str, description: str, docs_url: str = "") -> bytes:
    """Return the body of an error (RFC 6749 §5.2).

    If `docs_url` is the address of the documentation site, `error_uri` points to its text about the
    code; to nothing more exact, which could tell a stranger why a client was refused.
    """
    members = {"error": code, "error_description": description}
    if docs_url:
        members["error_uri"] = f"{docs_url}reference/errors.html#{code}"
    return json.dumps(members).encode()


def json_response(value: object) -> Response:
    """Return a JSON response that no cache may keep."""
    return Response(200, NO_STORE, json.dumps(value).encode())
