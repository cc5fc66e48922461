"""Proofs: how, and when last, the person of a session proved who they are."""
