"""Forwards entries of the audit trail to the log or to a syslog server."""
