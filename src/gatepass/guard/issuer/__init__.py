"""The connection to the authorization server: discovery, credentials, HTTP transport."""
