"""Reminders before the last key of an application expires."""
