"""What the commands have in common: options, the data they open, what they print and ask."""
