"""The team: users, their invitations, and their new addresses."""
