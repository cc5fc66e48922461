"""One environment: its hosts, issuer, database, keys and in-memory state."""
