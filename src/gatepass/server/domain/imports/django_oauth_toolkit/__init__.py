"""django-oauth-toolkit, the OAuth 2.0 provider of Django sites."""
