"""Notices: what people are told in the portal about changes to their own account."""
