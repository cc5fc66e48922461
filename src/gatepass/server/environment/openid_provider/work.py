"""Work of a page that waits for an OpenID provider, in the pool for that."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ProviderWork:
    """What a page yields to have it done; it blocks, and touches no database."""

    do: Callable[[], Any]

    def __call__(self) -> Any:  # noqa: ANN401 - as the work returns
        """Do the work."""
        return self.do()
