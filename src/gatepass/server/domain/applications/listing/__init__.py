"""The list of an organization's applications, of which there may be ten thousand."""
