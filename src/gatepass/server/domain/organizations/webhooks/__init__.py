"""What operator and organizations do with their webhook endpoints."""
