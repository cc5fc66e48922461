"""The token line: its files in the order in which a request meets them."""
