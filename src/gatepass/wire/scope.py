"""Scopes (RFC 6749 §3.3)."""

import re
from dataclasses import dataclass
from typing import Self

from gatepass.wire.errors import OAuthError

_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


@dataclass(frozen=True, slots=True)
class Scope:
    """Scope-tokens, each one legal and named once, in the order they were given."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read scope-tokens separated by single spaces; raise `invalid_scope` for anything else."""
        names = text.split(" ") if text else []
        if not all(_SCOPE_TOKEN.fullmatch(name) for name in names):
            raise OAuthError("invalid_scope", "The scope is malformed.")
        return cls(tuple(dict.fromkeys(names)))

    def covers(self, other: "Scope") -> bool:
        """Return whether every scope-token of `other` is in this scope; case matters."""
        return set(other.names) <= set(self.names)

    def without(self, other: "Scope") -> "Scope":
        """Return the scope-tokens that are not in `other`."""
        return Scope(tuple(name for name in self.names if name not in other.names))

    def __contains__(self, name: str) -> bool:
        """Return whether `name` is one of the scope-tokens."""
        return name in self.names

    def __str__(self) -> str:
        """Return the scope as it is sent."""
        return " ".join(self.names)
