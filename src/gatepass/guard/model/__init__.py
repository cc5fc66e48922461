"""The values a guard works with: request, requirements, principal, error response. Pure."""
