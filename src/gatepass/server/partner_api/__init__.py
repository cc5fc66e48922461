"""The Partner API v2.0: an organization and its users, for the partner's servers."""

from gatepass.server.partner_api.app import create

__all__ = ["create"]
