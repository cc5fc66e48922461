"""Gatepass: server-to-server authentication for partner APIs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepass.client.errors import (
        ClientError,
        ConfigurationError,
        TokenRefused,
        TokenUnavailable,
    )
    from gatepass.client.httpx2 import BearerAuth
    from gatepass.client.settings import ClientSettings
    from gatepass.client.tokens.source import TokenSource

__all__ = [
    "BearerAuth",
    "ClientError",
    "ClientSettings",
    "ConfigurationError",
    "TokenRefused",
    "TokenSource",
    "TokenUnavailable",
]

_HOMES = {
    "BearerAuth": "httpx2",
    "ClientError": "errors",
    "ClientSettings": "settings",
    "ConfigurationError": "errors",
    "TokenRefused": "errors",
    "TokenSource": "tokens.source",
    "TokenUnavailable": "errors",
}


def __getattr__(name: str) -> object:
    """Load the client on first use, so that a server or a guard does not pay for it."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"gatepass.client.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gatepass' has no attribute {name!r}")
