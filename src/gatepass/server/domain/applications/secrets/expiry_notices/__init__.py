"""Reminders before the last secret of an application expires."""
