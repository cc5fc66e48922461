"""Runs in a partner's program: gets, keeps and renews access tokens."""

from gatepass.client.errors import ClientError, ConfigurationError, TokenRefused, TokenUnavailable

__all__ = ["ClientError", "ConfigurationError", "TokenRefused", "TokenUnavailable"]
