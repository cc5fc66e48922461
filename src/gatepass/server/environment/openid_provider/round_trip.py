"""What an authorization request and its answer consist of."""

from typing import NamedTuple

from gatepass.wire.secret import Secret


class RoundTrip(NamedTuple):
    """What one authorization request and its answer have in common."""

    issuer: str
    client_id: str
    redirect_uri: str
    state: Secret
    nonce: Secret
    verifier: Secret
    max_age: int | None = None  # seconds


class Answer(NamedTuple):
    """What came back to the redirect URI (RFC 6749 §4.1.2, RFC 9207 §2)."""

    code: Secret | None
    error: str | None = None
    issuer: str | None = None
