"""Backup, restore and copy of both environments, and the encryption of backup files."""
