"""The base of the frameworks' adapters: the guard behind each, its status, and its end."""

from typing import Self, Unpack

from gatepass.guard.core import guard
from gatepass.guard.core.options import Options
from gatepass.guard.model.status import Status


class Adapter:
    """Has a guard of `core`, and the same options."""

    def __init__(self, issuer: str | None = None, **options: Unpack[Options]) -> None:
        self.core = guard.Guard(issuer, **options)

    def metadata(self, *scopes: str) -> dict[str, object]:
        """Return the document that challenges point to (RFC 9728 §2); see `core.Guard.metadata`."""
        return self.core.metadata(*scopes)

    def status(self) -> Status:
        """Return the guard's state, for a health check."""
        return self.core.status()

    def close(self) -> None:
        """Close the connections to the authorization server."""
        self.core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
