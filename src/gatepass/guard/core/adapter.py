"""What the faces of frameworks share: the guard behind each, its health, and its end."""

from typing import Self, Unpack

from gatepass.guard.core import guard
from gatepass.guard.core.options import Options
from gatepass.guard.model.status import Status


class Adapter:
    """Holds a guard of `core`, whose settings it takes; the base of every framework's own."""

    def __init__(self, issuer: str | None = None, **options: Unpack[Options]) -> None:
        self.core = guard.Guard(issuer, **options)

    def metadata(self, *scopes: str) -> dict[str, object]:
        """Give the document that challenges point to (RFC 9728 §2); see `core.Guard.metadata`."""
        return self.core.metadata(*scopes)

    def status(self) -> Status:
        """Tell how the guard is, for a health check."""
        return self.core.status()

    def close(self) -> None:
        """Close the connections to the authorization server."""
        self.core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
