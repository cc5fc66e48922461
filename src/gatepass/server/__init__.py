"""The authorization server, its portal and its Partner API."""
