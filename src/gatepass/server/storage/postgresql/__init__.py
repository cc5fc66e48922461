"""PostgreSQL: its addresses, its connections, and the announcements of changes."""
