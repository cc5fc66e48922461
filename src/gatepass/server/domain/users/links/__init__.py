"""Links that are mailed to an address and let its owner do one thing, once."""
