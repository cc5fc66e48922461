"""A token or a refusal becomes an HTTP response (RFC 6749 §5)."""

import json

from gatepass.server.http import NO_STORE, Response
from gatepass.server.tokens.issue import IssuedToken
from gatepass.wire.bearer import write_challenge
from gatepass.wire.errors import OAuthError

NOTICE = b"gatepass-notice"


def token(issued: IssuedToken, notice: str = "") -> Response:
    """Give the answer that carries a token, and beside it what its client should be told.

    Written out, as no character of a token or a scope needs escaping in JSON.
    """
    body = (
        f'{{"access_token": "{issued.access_token}", "expires_in": {issued.expires_in}, '
        f'"token_type": "Bearer", "scope": "{issued.scope}"}}'
    )
    headers = (*NO_STORE, (NOTICE, notice.encode())) if notice else NO_STORE
    return Response(200, headers, body.encode())


def refusal(
    refused: OAuthError, *, challenged: bool, realm: str, allow: str = "POST", docs_url: str = ""
) -> Response:
    """Return the response to a refused request; `challenged` adds the Basic challenge to a 401.

    `docs_url` is the address of the documentation site, as for `error`.
    """
    headers = list(NO_STORE)
    if refused.status == 401 and challenged:
        headers.append((b"www-authenticate", write_challenge("Basic", realm=realm).encode()))
    if refused.status == 405:
        headers.append((b"allow", allow.encode()))
    if refused.retry_after is not None:
        headers.append((b"retry-after", b"%d" % refused.retry_after))
    return Response(
        refused.status, tuple(headers), error(refused.code, refused.description, docs_url)
    )


def error(code: str, description: str, docs_url: str = "") -> bytes:
    """Return the body of an error (RFC 6749 §5.2).

    With `docs_url`, the address of the documentation site, `error_uri` leads to the section of
    the code; to nothing more exact, which could tell a stranger why a client was refused.
    """
    members = {"error": code, "error_description": description}
    if docs_url:
        members["error_uri"] = f"{docs_url}reference/errors.html#{code}"
    return json.dumps(members).encode()


def document(value: object) -> Response:
    """Give a JSON answer that nobody may keep."""
    return Response(200, NO_STORE, json.dumps(value).encode())
