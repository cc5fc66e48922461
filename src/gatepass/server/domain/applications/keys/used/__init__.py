"""Which assertions were used: each is accepted once (RFC 7523 §3, `jti`)."""
