"""Keys: the master key on disk, and the keys it protects in the database."""
