"""Reads access tokens from requests and writes challenges (RFC 6750, RFC 9110 §11.6.1). Pure.

A token bound to a key is sent with the scheme DPoP instead of Bearer (RFC 9449 §7.1).
"""

import re
from collections.abc import Sequence
from string import ascii_letters, digits
from typing import NamedTuple

from gatepass.wire.errors import OAuthError
from gatepass.wire.params import LONGEST_TOKEN
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

# What a token68 may consist of, before its padding (RFC 6750 §2.1, RFC 9110 §11.2).
_TOKEN68 = (ascii_letters + digits + "._~+/-").encode()
# RFC 6750 §3.1, RFC 9449 §7.1 and §9
_ERRORS = frozenset({"invalid_request", "invalid_token", "insufficient_scope"})
_DPOP_ERRORS = _ERRORS | {"invalid_dpop_proof", "use_dpop_nonce"}
_PARAMETER = "access_token"
# Its name in every way to encode it: to decode 64 KiB of hostile names takes as long as many calls.
_NAMED = re.compile(
    r"(?:\A|&)"
    + "".join(f"(?:{each}|(?i:%{ord(each):02x}))" for each in _PARAMETER)
    + r"(?=[=&]|\Z)"
)


class Sent(NamedTuple):
    """An access token as a request has it: with the scheme Bearer, or DPoP."""

    token: Secret
    is_dpop: bool


def read(authorization: Sequence[str], query: str = "", form: str = "") -> Secret | None:
    """Return the bearer token of a request, or None where the request has no bearer credentials.

    `authorization` has every Authorization header; `query` and `form` are form-url-encoded
    text. A token counts only in the header (RFC 6750 §2.1). Raises OAuthError: `invalid_request`
    for one anywhere else, alone or beside the header, and for more than one header (§2,
    §3.1); `invalid_token` for text that cannot be a token. Does NOT verify the token.
    """
    sent = read_sent(authorization, query, form)
    return None if sent is None or sent.is_dpop else sent.token


def read_sent(authorization: Sequence[str], query: str = "", form: str = "") -> Sent | None:
    """Return the access token of a request as `read`, also one with the scheme DPoP.

    Does NOT verify the token, nor read the proof that a token with the scheme DPoP needs.
    """
    if len(authorization) > 1:
        raise _twice()
    if query and is_misplaced(query):
        raise _misplaced("in the URL")
    if form and is_misplaced(form):
        raise _misplaced("in the body")
    return _credentials(authorization[0].strip(" \t")) if authorization else None


def is_misplaced(encoded: str) -> bool:
    """Return whether form-url-encoded text, of a URL or a body, has a token in it."""
    if _PARAMETER not in encoded and "%" not in encoded:  # nearly every text
        return False
    return _NAMED.search(encoded) is not None


def challenge(
    error: OAuthError | None,
    *,
    realm: str = "",
    scope: Scope | None = None,
    resource_metadata: str = "",
    algs: str = "",
) -> str:
    """Return the WWW-Authenticate value for an error, or for a request without credentials (None).

    Without credentials there is no error code (RFC 6750 §3.1). `scope`, which the resource
    requires, is added to `insufficient_scope`. `resource_metadata` is that of RFC 9728 §5.1.
    With `algs`, the algorithms of proofs, the scheme is DPoP (RFC 9449 §7.1).
    """
    parameters = {"realm": realm}
    if error is not None and error.code in (_DPOP_ERRORS if algs else _ERRORS):
        parameters |= {"error": error.code, "error_description": error.description}
        if error.code == "insufficient_scope" and scope is not None:
            parameters["scope"] = str(scope)
    scheme = "DPoP" if algs else "Bearer"
    return write_challenge(scheme, **parameters, algs=algs, resource_metadata=resource_metadata)


def write_challenge(scheme: str, **parameters: str) -> str:
    """Return a WWW-Authenticate value: `scheme` with quoted parameters (RFC 9110 §11.6.1).

    Empty parameters are left out.
    """
    given = [f'{name}="{_escaped(value)}"' for name, value in parameters.items() if value]
    return f"{scheme} {', '.join(given)}" if given else scheme


def _escaped(value: str) -> str:
    printable = "".join(char if " " <= char <= "~" else "?" for char in value)
    return printable.replace("\\", "\\\\").replace('"', '\\"')


def invalid_token(log_detail: str) -> OAuthError:
    """Return the refusal of a token: one description for every reason, so none can be probed."""
    return OAuthError(
        "invalid_token",
        "The access token is expired, revoked, or not valid here.",
        log_detail=log_detail,
    )


def _credentials(header: str) -> Sent | None:
    scheme, _, credentials = header.partition(" ")
    scheme = scheme.lower()
    if scheme not in {"bearer", "dpop"}:
        return None
    token = credentials.lstrip(" ")
    if "," in token:  # a proxy has joined two headers into one
        raise _twice()
    if len(token) > LONGEST_TOKEN or not _is_token68(token):
        raise OAuthError(
            "invalid_token", "The access token is malformed.", log_detail="not a token68"
        )
    return Sent(Secret(token), scheme == "dpop")


def _is_token68(text: str) -> bool:
    unpadded = text.rstrip("=")
    # Taking out what is allowed is many times quicker than a regular expression.
    return unpadded.isascii() and unpadded != "" and not unpadded.encode().translate(None, _TOKEN68)


def _misplaced(place: str) -> OAuthError:
    return OAuthError(
        "invalid_request",
        "Send the access token in the Authorization header and nowhere else.",
        log_detail=f"an access token {place}",
    )


def _twice() -> OAuthError:
    return OAuthError("invalid_request", "There is more than one Authorization header.")
