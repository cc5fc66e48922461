"""Organizations: the partners."""
