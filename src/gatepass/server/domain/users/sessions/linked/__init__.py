"""A sandbox that trusts production's accounts: its sessions are linked to production's sessions."""
