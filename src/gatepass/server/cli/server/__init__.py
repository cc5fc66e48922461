"""Commands about the server itself: serve, migrate, settings."""
