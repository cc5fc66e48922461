"""Single sign-on: the way to an organization's provider and back, and its setup."""
