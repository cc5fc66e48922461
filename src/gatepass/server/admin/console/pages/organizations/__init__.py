"""Organizations: the list, one of them, and what operators do to it."""
