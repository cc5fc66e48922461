"""The console: the operators' pages, over the operations that the Admin API has."""
