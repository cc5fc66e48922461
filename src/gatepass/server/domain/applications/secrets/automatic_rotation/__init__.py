"""Automatic rotation: an application replaces its own secret, where an administrator allows it."""
