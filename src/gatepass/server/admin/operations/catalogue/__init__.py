"""The catalogue: resources and scopes."""
