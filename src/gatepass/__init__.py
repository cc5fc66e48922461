"""Gatepass: server-to-server authentication for partner APIs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepass.client.over_httpx2 import BearerAuth

__all__ = ["BearerAuth"]


def __getattr__(name: str) -> object:
    """Load the client on first use, so that a server or a guard does not pay for it."""
    if name == "BearerAuth":
        from gatepass.client.over_httpx2 import BearerAuth

        return BearerAuth
    raise AttributeError(f"module 'gatepass' has no attribute {name!r}")
