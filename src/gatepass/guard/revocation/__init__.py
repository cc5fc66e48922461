"""Follows the server's revocation feed."""
