"""Whether the database still takes changes."""
