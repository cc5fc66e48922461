"""The language in which somebody reads pages and mail."""
