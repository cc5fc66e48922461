"""Introspection (RFC 7662) as a flow, and a bounded memory of its answers. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.model.claim_names import OURS, ClaimNames
from gatepass.guard.model.principal import claims_of
from gatepass.jose import strict_json
from gatepass.wire import basic
from gatepass.wire.errors import OAuthError
from gatepass.wire.flow import Flow, Request, Response
from gatepass.wire.secret import Secret

LONGEST_ANSWER = 64 * 1024  # bytes
RETRY_AFTER = 1  # seconds
REMEMBER = 5.0  # seconds that an answer is remembered, where a guard does not say otherwise


def introspect(
    token: Secret, url: str, credentials: Credentials, names: ClaimNames = OURS
) -> Flow[dict[str, object]]:
    """Ask what `token` is worth; give the members of the answer that a Principal is read from.

    Raises OAuthError (`temporarily_unavailable`) where there is no answer that can be trusted: a
    guard fails closed. Does NOT check issuer, audience, expiry or scope (see Principal).
    """
    try:
        response = yield _question(token, url, credentials)
    except Exception as error:  # noqa: BLE001 - whatever keeps the answer away, it is away
        raise unavailable(f"introspection failed: {type(error).__name__}") from None
    return _read(response, claims_of(names))


def unavailable(why: str) -> OAuthError:
    """Give the refusal for "the authorization server does not tell"."""
    return OAuthError(
        "temporarily_unavailable",
        "Access tokens cannot be checked at the moment. Try again shortly.",
        log_detail=why,
        retry_after=RETRY_AFTER,
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    answer: Mapping[str, object] = field(repr=False)
    since: float
    until: float


class IntrospectionCache:
    """The latest answers, each kept `seconds` at most and never beyond the token's expiry.

    Keyed by the token's SHA-256, never by the token (RFC 9700 §4.9.3). At most `size` are
    kept; the oldest makes room.
    """

    def __init__(self, seconds: float, size: int = 10_000) -> None:
        if seconds < 0:
            raise ValueError("answers cannot be remembered for less than 0 seconds")
        self._seconds = seconds
        self._size = size
        self._entries: dict[bytes, _Entry] = {}

    def __len__(self) -> int:
        """Tell how many answers are kept, stale ones included."""
        return len(self._entries)

    def get(self, digest: bytes, now: float) -> Mapping[str, object] | None:
        """Give the answer for the token of `digest`, or None where it is not fresh at `now`."""
        entry = self._entries.get(digest)
        if entry is None:
            return None
        if not entry.since <= now < entry.until:  # a clock set back makes nothing fresh again
            del self._entries[digest]
            return None
        return entry.answer

    def put(self, digest: bytes, answer: Mapping[str, object], asked_at: float) -> None:
        """Keep `answer`, to a question asked at `asked_at` (RFC 7662 §4: not beyond `exp`)."""
        until = asked_at + self._seconds
        expires_at = answer.get("exp")
        if isinstance(expires_at, int | float):
            until = min(until, expires_at)
        self._entries.pop(digest, None)  # so that the newest stands last
        if until <= asked_at:
            return
        if len(self._entries) >= self._size:
            del self._entries[next(iter(self._entries))]
        self._entries[digest] = _Entry(answer, asked_at, until)


def _question(token: Secret, url: str, credentials: Credentials) -> Request:
    return Request(
        "POST",
        url,
        {
            "authorization": basic.write(credentials.client_id, credentials.client_secret),
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
            "accept-encoding": "identity",  # a compressed answer could unfold beyond its bound
        },
        urlencode({"token": token.value, "token_type_hint": "access_token"}).encode(),
    )


def _read(response: Response, kept: frozenset[str]) -> dict[str, object]:
    if response.status in {400, 401, 403}:
        raise unavailable(
            f"introspection answered {response.status}: check the guard's client id and secret"
        )
    if response.status != 200:
        raise unavailable(f"introspection answered {response.status}")
    if len(response.body) > LONGEST_ANSWER:
        raise unavailable(f"the introspection answer is longer than {LONGEST_ANSWER} bytes")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise unavailable("the introspection answer is not application/json")
    try:
        answer = strict_json.read_object(response.body)
    except ValueError as error:
        raise unavailable(f"the introspection answer is {error}") from None
    if not isinstance(answer.get("active"), bool):
        raise unavailable("the introspection answer does not say whether the token is active")
    return {name: value for name, value in answer.items() if name in kept}
