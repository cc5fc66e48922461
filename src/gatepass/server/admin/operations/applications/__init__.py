"""Applications of partners: found, registered, changed, their secrets and tokens."""
