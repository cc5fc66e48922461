"""JWT access tokens (RFC 9068) and gateway assertions."""
