"""Gatepass: server-to-server authentication for partner APIs."""

from typing import TYPE_CHECKING

from gatepass.lazy_names import lazy_names

if TYPE_CHECKING:
    from gatepass.client.errors import ClientError as ClientError
    from gatepass.client.errors import ConfigurationError as ConfigurationError
    from gatepass.client.errors import TokenRefused as TokenRefused
    from gatepass.client.errors import TokenUnavailable as TokenUnavailable
    from gatepass.client.httpx2 import BearerAuth as BearerAuth
    from gatepass.client.settings import ClientSettings as ClientSettings
    from gatepass.client.tokens.source import TokenSource as TokenSource

_MODULES = {
    "BearerAuth": ".client.httpx2",
    "ClientError": ".client.errors",
    "ClientSettings": ".client.settings",
    "ConfigurationError": ".client.errors",
    "TokenRefused": ".client.errors",
    "TokenSource": ".client.tokens.source",
    "TokenUnavailable": ".client.errors",
}

__all__ = list(_MODULES)
__getattr__ = lazy_names(__name__, _MODULES)  # a server or a guard does not pay for the client
