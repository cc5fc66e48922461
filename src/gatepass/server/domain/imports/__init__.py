"""Bringing in what partners had elsewhere, so that they notice nothing."""
