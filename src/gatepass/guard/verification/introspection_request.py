"""Introspection (RFC 7662) as a flow, and a bounded cache of its responses. No I/O, no clock."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.guard.issuer.client import LONGEST_RESPONSE
from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.model.claim_names import OURS, ClaimNames
from gatepass.guard.model.principal import claims_of
from gatepass.jose import strict_json
from gatepass.wire.errors import OAuthError
from gatepass.wire.flow import JSON_HEADERS, Flow, Request, Response
from gatepass.wire.secret import Secret

RETRY_AFTER = 1  # seconds
CACHE_SECONDS = 5.0  # seconds that a response is cached by default


def introspect(
    token: Secret, url: str, credentials: Credentials, names: ClaimNames = OURS
) -> Flow[dict[str, object]]:
    """Introspect `token`; return the members of the response that a Principal is read from.

    Raises OAuthError (`temporarily_unavailable`) if there is no response that can be trusted: a
    guard fails closed. Does NOT check issuer, audience, expiry or scope (see Principal).
    """
    try:
        response = yield _request(token, url, credentials)
    except Exception as error:  # noqa: BLE001 - any failure means no response
        raise unavailable(f"introspection failed: {type(error).__name__}") from None
    return _read(response, claims_of(names))


def unavailable(why: str) -> OAuthError:
    """Return the refusal (503) for a token that cannot be verified at the moment, and why."""
    return OAuthError(
        "temporarily_unavailable",
        "Access tokens cannot be checked at the moment. Try again shortly.",
        log_detail=why,
        retry_after=RETRY_AFTER,
    )


class _Entry(NamedTuple):
    answer: Mapping[str, object]
    since: float
    until: float


class IntrospectionCache:
    """The latest responses, each kept `seconds` at most and never beyond the token's expiry.

    Keyed by the token's SHA-256, never by the token (RFC 9700 §4.9.3). At most `size` are kept.
    """

    def __init__(self, seconds: float, size: int = 10_000) -> None:
        if seconds < 0:
            raise ValueError("cache_seconds is 0 or more")
        self._seconds = seconds
        self._entries: BoundedCache[bytes, _Entry] = BoundedCache(size)

    def __len__(self) -> int:
        """Return the number of cached responses, stale ones included."""
        return len(self._entries)

    def get(self, digest: bytes, now: float) -> Mapping[str, object] | None:
        """Return the response for the token of `digest`, or None if none is fresh at `now`."""
        entry = self._entries.get(digest)
        if entry is None:
            return None
        if not entry.since <= now < entry.until:  # a clock set back makes nothing fresh again
            self._entries.pop(digest)
            return None
        return entry.answer

    def put(self, digest: bytes, answer: Mapping[str, object], sent_at: float) -> None:
        """Keep the response to a request sent at `sent_at` (RFC 7662 §4: not beyond `exp`)."""
        until = sent_at + self._seconds
        expires_at = answer.get("exp")
        if isinstance(expires_at, int | float):
            until = min(until, expires_at)
        if until <= sent_at:
            self._entries.pop(digest)
        else:
            self._entries.put(digest, _Entry(answer, sent_at, until))

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may have held."""
        self._entries.after_fork()


def _request(token: Secret, url: str, credentials: Credentials) -> Request:
    return Request(
        "POST",
        url,
        {
            "authorization": credentials.authorization,
            "content-type": "application/x-www-form-urlencoded",
        }
        | JSON_HEADERS,
        urlencode({"token": token.value, "token_type_hint": "access_token"}).encode(),
    )


def _read(response: Response, kept: frozenset[str]) -> dict[str, object]:
    if response.status in {400, 401, 403}:
        raise unavailable(
            f"introspection answered {response.status}: check the guard's client id and secret"
        )
    if response.status != 200:
        raise unavailable(f"introspection answered {response.status}")
    if len(response.body) > LONGEST_RESPONSE:
        raise unavailable(f"the introspection answer is longer than {LONGEST_RESPONSE} bytes")
    if response.media_type != "application/json":
        raise unavailable("the introspection answer is not application/json")
    try:
        answer = strict_json.read_object(response.body)
    except ValueError as error:
        raise unavailable(f"the introspection answer is {error}") from None
    if not isinstance(answer.get("active"), bool):
        raise unavailable("the introspection answer does not say whether the token is active")
    return {name: value for name, value in answer.items() if name in kept}
