"""Limits that slow down guessing and flooding without locking anybody out."""
