"""Webhooks in the console: endpoints of the operator, and those of organizations."""
