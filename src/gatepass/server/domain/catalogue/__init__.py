"""The catalogue: what an environment's tokens can be for (resources) and allow (scopes)."""
