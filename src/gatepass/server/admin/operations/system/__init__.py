"""The server itself: keys, audit trail, mail, health."""
