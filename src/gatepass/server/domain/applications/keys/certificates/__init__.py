"""Certificates of an application, with which it authenticates in place of a secret (RFC 8705)."""
