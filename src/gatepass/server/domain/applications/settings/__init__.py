"""What few applications set: to what tokens are bound, and which profile holds."""
