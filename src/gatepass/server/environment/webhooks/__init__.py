"""Sends events to the endpoints of webhooks."""
