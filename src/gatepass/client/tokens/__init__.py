"""Gets, caches and renews access tokens (RFC 6749 §4.4)."""
