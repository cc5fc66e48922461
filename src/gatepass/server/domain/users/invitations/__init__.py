"""Invitations by mail: somebody is asked to become a user of an organization."""
