"""Webhook endpoints of the organization, for its administrators."""
