"""Policies: shown, changed, and what a change stops."""
