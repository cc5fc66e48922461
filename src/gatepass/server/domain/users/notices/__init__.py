"""Notices that the portal shows users about changes to their own account."""
