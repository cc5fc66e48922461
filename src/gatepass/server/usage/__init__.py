"""Usage: who was given tokens, when and from where; kept in memory, written in batches."""
