"""Organizations as operators find them."""
