"""Applications: what a partner registers so that its servers can ask for tokens."""
