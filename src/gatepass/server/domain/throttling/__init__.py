"""Limits: what slows down guessing without locking anybody out."""
