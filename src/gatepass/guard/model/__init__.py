"""The values a guard works with: request, requirements, principal, denial. Pure."""
