"""Verifies tokens: JWTs locally, opaque tokens by introspection (RFC 7662)."""
