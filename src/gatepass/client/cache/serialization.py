"""A cached token as the content of a file. Pure.

The file may be truncated, forged or written by another version or boot: a token whose values
contradict each other is refused.
"""

import json
from datetime import datetime
from typing import Any

from gatepass.client.tokens.clock import ClockReading
from gatepass.client.tokens.token import UNSTATED_LIFETIME, CachedToken
from gatepass.wire.token_response import TokenResponse

LONGEST = 256 * 1024  # bytes: four times the longest token response, for what JSON escapes

_VERSION = 1
_LATEST = 1e12  # seconds: no clock shows more


def write(token: CachedToken, clock: ClockReading) -> bytes:
    """Return the content of a file written at `clock`; raise ValueError where it is too long.

    Its times are those of the boot's clock or, where boots cannot be distinguished, of the wall
    clock.
    """
    shift = _shift(clock)
    content = json.dumps(
        {
            "version": _VERSION,
            "boot": clock.boot,
            "written_at": clock.now + shift,
            "requested_at": token.requested_at + shift,
            "refresh_at": token.refresh_at + shift,
            "expires_at": token.expires_at + shift,
            "access_token": token.response.access_token.value,
            "token_type": token.response.token_type,
            "expires_in": token.response.expires_in,
            "scope": token.response.scope,
            "secret_expires_at": _text(token.secret_expires_at),
            **({"jkt": token.jkt} if token.jkt else {}),
        }
    ).encode()
    if len(content) > LONGEST:
        raise ValueError(f"the token takes more than {LONGEST} bytes")
    return content


def read(content: bytes, clock: ClockReading) -> CachedToken:
    """Return the token in `content`, which has not expired at `clock`.

    Raises ValueError, which never quotes the content. A token from the future is refused: the
    wall clock may have been set back since.
    """
    if len(content) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} bytes")
    response = TokenResponse.parse(content, with_dpop=True)
    fields = json.loads(content)  # an object, as TokenResponse.parse has checked
    if fields.get("version") != _VERSION:
        raise ValueError("another version wrote it")
    if fields.get("boot") != clock.boot:
        raise ValueError("it is of another boot")
    shift = _shift(clock)
    names = ("requested_at", "refresh_at", "expires_at", "written_at")
    requested, refresh, expires, written_at = (_time(fields, name) - shift for name in names)
    secret_expires_at = _date(fields.get("secret_expires_at"))
    jkt = fields.get("jkt", "")
    is_bound = response.token_type == "DPoP"  # noqa: S105 - a type
    if not isinstance(jkt, str) or bool(jkt) != is_bound:
        raise ValueError("it does not say to which key it is bound")
    token = CachedToken(response, requested, refresh, expires, secret_expires_at, jkt)
    latest = token.requested_at + (response.expires_in or UNSTATED_LIFETIME)
    if not token.requested_at <= token.refresh_at <= token.expires_at <= latest:
        raise ValueError("its times contradict one another")
    if not token.requested_at <= written_at <= clock.now:
        raise ValueError("it is from the future")
    if clock.now >= token.expires_at:
        raise ValueError("it has expired")
    return token


def _shift(clock: ClockReading) -> float:
    """Return the seconds to add to a time of `clock.now` for other processes to understand it."""
    return 0.0 if clock.boot else clock.wall - clock.now


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _date(value: object) -> datetime | None:
    """Return a time with its zone; None for any other value."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time is not None and time.tzinfo else None


def _time(fields: dict[str, Any], name: str) -> float:
    value = fields.get(name)
    # NaN, and integers too large for a float, fail the comparison.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LATEST:
        raise ValueError(f"{name} is not a time")
    return float(value)
