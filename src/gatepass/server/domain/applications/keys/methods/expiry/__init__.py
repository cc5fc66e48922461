"""Secrets, keys and certificates that expire soon, and reminders before the last one does."""
