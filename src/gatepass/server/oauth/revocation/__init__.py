"""Revocation of tokens: the endpoint that revokes one, and the feed that guards follow."""
