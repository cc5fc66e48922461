"""What a source of the client secret is, and the source of a secret that is known already."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gatepass.wire.secret import Secret

SecretSource: TypeAlias = Callable[[], str]
"""A callable without arguments that returns the client secret."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A source with the secret itself."""

    secret: Secret

    def __call__(self) -> str:
        """Return the secret."""
        return self.secret.value
