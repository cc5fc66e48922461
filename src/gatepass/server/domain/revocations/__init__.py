"""Revoked, not yet expired token ids: the only thing stored of any token."""
