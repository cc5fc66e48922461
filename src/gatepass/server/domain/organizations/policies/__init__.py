"""Policies: what the operator and each organization demand of the people who log in."""
