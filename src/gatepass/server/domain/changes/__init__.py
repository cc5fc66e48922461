"""The change feed: what a process must read again, in the order it was committed."""
