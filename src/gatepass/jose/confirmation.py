"""What a token is bound to: the claim `cnf` (RFC 7800 §3.1)."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_DIGEST = re.compile("[A-Za-z0-9_-]{43}")  # SHA-256 as base64url


class Confirmation(NamedTuple):
    """The key (RFC 9449 §6.1) or certificate (RFC 8705 §3.1) that a sender has to prove.

    Each is a SHA-256 digest as base64url without padding; a token may be bound to both.
    """

    jkt: str | None = None
    x5t_s256: str | None = None

    def members(self) -> dict[str, str]:
        """Return the value of `cnf`."""
        named = {"jkt": self.jkt, "x5t#S256": self.x5t_s256}
        return {name: value for name, value in named.items() if value is not None}


def read(value: object) -> Confirmation | None:
    """Return the confirmation in the value of `cnf`; None where a token has no `cnf` (None).

    Raises ValueError for a `cnf` that is not understood whole: a token that is bound to something
    else must not be accepted as if it were bound to nothing.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping) or not value or not value.keys() <= {"jkt", "x5t#S256"}:
        raise ValueError("cnf names something else than jkt and x5t#S256")
    for digest in value.values():
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise ValueError("cnf has a member that is not a SHA-256 digest")
    return Confirmation(value.get("jkt"), value.get("x5t#S256"))
