"""A token as it stands in a file that processes share; pure, bytes and moments are given.

The file may have been cut, forged or left over by another version or boot: what does not hold
together in every point is not a token.
"""

import json
from typing import Any

from gatepass.client.tokens.clock import Moment
from gatepass.client.tokens.token import UNSTATED_LIFETIME, CachedToken
from gatepass.wire.token_response import TokenResponse

LONGEST = 256 * 1024  # bytes: four times the longest token response, for what JSON escapes

_VERSION = 1
_LATEST = 1e12  # seconds: no clock shows more


def write(token: CachedToken, moment: Moment) -> bytes:
    """Give the content of a file written at `moment`; raise ValueError where it gets too long.

    Its times are in the clock of the boot or, where boots cannot be told apart, by the wall.
    """
    shift = _shift(moment)
    content = json.dumps(
        {
            "version": _VERSION,
            "boot": moment.boot,
            "written_at": moment.now + shift,
            "asked_at": token.asked_at + shift,
            "refresh_at": token.refresh_at + shift,
            "gone_at": token.gone_at + shift,
            "access_token": token.response.access_token.value,
            "token_type": token.response.token_type,
            "expires_in": token.response.expires_in,
            "scope": token.response.scope,
        }
    ).encode()
    if len(content) > LONGEST:
        raise ValueError(f"the token takes more than {LONGEST} bytes")
    return content


def read(content: bytes, moment: Moment) -> CachedToken:
    """Give the token that stands in `content` and is not gone at `moment`.

    Raises ValueError, which never quotes the content. By the wall clock, which may have been
    set back since, a token from the future is refused; in the clock of a boot there is none.
    """
    if len(content) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} bytes")
    response = TokenResponse.parse(content)
    fields = json.loads(content)  # an object, else there were no response
    if fields.get("version") != _VERSION:
        raise ValueError("another version wrote it")
    if fields.get("boot") != moment.boot:
        raise ValueError("it is of another boot")
    shift = _shift(moment)
    names = ("asked_at", "refresh_at", "gone_at", "written_at")
    asked_at, refresh_at, gone_at, written_at = (_time(fields, name) - shift for name in names)
    lifetime = response.expires_in or UNSTATED_LIFETIME
    if not asked_at <= refresh_at <= gone_at <= asked_at + lifetime:
        raise ValueError("its times contradict one another")
    if not asked_at <= written_at <= moment.now:
        raise ValueError("it is from the future")
    if moment.now >= gone_at:
        raise ValueError("it has expired")
    return CachedToken(response, asked_at=asked_at, refresh_at=refresh_at, gone_at=gone_at)


def _shift(moment: Moment) -> float:
    """Give what makes a time that `moment.now` counts in one that other processes understand."""
    return 0.0 if moment.boot else moment.wall - moment.now


def _time(fields: dict[str, Any], name: str) -> float:
    value = fields.get(name)
    # NaN, and integers too large for a float, fail the comparison.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LATEST:
        raise ValueError(f"{name} is not a time")
    return float(value)
