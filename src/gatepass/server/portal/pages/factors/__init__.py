"""The user's own second factors: passkeys, authenticator apps, recovery codes."""
