"""Webhooks of the operator and of organizations."""
