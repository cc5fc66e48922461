"""Client secrets that leaked: what becomes of them, and who is told."""
