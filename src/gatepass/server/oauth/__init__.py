"""The OAuth endpoints, one file each, named after their RFCs."""
