"""Passwords: their rules, their hashes, and how people set them."""
